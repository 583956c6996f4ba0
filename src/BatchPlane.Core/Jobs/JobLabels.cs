using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

/// <summary>Column <c>jobs.labels</c>: what lists of jobs filter by, in one array with one index.</summary>
internal static class JobLabels
{
    /// <summary>Between key and value: a character that makes <c>a:b</c> with the value <c>c</c> differ from <c>a</c> with the value <c>b:c</c>.</summary>
    private const char Separator = '\u0001';

    /// <summary>A tag; with a value of null, one of this key.</summary>
    internal static string OfTag(string key, string? value) => value is null ? $"tag:{key}" : $"tag:{key}{Separator}{value}";

    /// <summary>A tag of this value, whatever its key.</summary>
    internal static string OfTagValue(string value) => $"value:{value}";

    /// <summary>The zone that a request in Tencent's words named.</summary>
    internal static string OfZone(string zone) => $"zone:{zone}";

    /// <summary>Named no zone. A label too, so that those are found as quickly as the others.</summary>
    internal const string OfNoZone = "zone";

    /// <summary>An environment of a task.</summary>
    internal static string OfEnvironment(string envId) => $"env:{envId}";

    /// <summary>All labels of a job, as the text of an array. <paramref name="zone"/>: null: it named none.</summary>
    internal static string ToColumn(IReadOnlyList<TagDocument> tags, IReadOnlyList<string> envIds, string? zone) => "{" + string.Join(
        ',',
        envIds.Select(OfEnvironment)
            .Concat(tags.SelectMany(tag => new[] { OfTag(tag.Key, null), OfTag(tag.Key, tag.Value), OfTagValue(tag.Value) }))
            .Append(zone is null ? OfNoZone : OfZone(zone))
            .Select(label => $"\"{label.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"")) + "}";
}
