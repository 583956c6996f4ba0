using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Tencent.Catalogue;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tencent.Actions;

/// <summary>Ids, filters and pages of an action that lists.</summary>
internal sealed class ListQuery
{
    private const string TagPrefix = "tag:";
    private readonly ILookup<string, IReadOnlyList<string>> _filters;

    private ListQuery(ActionCall call, int limit, ILookup<string, IReadOnlyList<string>> filters)
    {
        _filters = filters;
        Offset = call.Number("Offset") ?? 0;
        Limit = call.Number("Limit") ?? limit;
    }

    /// <summary>Where the page begins.</summary>
    internal int Offset { get; }

    /// <summary>Its length.</summary>
    internal int Limit { get; }

    /// <summary>Values of a filter that something has one value of; null: it was not given. Given several times, all of them are to be met: what they have in common.</summary>
    internal IReadOnlyList<string>? Values(string name) => _filters.Contains(name)
        ? _filters[name].Aggregate<IReadOnlyList<string>>((left, right) => [.. left.Intersect(right, StringComparer.Ordinal)])
        : null;

    /// <summary>Reads a call. Exactly one of query and error comes back.</summary>
    /// <param name="call">The call.</param>
    /// <param name="limit">Length of a page when the call does not say.</param>
    /// <param name="names">Filters there are; <c>tag:</c> stands for those of single labels.</param>
    internal static (ListQuery? Query, TencentError? Error) Read(ActionCall call, int limit, params string[] names)
    {
        var filters = new List<(string Name, IReadOnlyList<string> Values)>();
        foreach (var filter in call.Parameters["Filters"] is JsonArray given ? given.OfType<JsonObject>() : [])
        {
            var name = filter["Name"]!.GetValue<string>();
            if (!names.Contains(name) && !(names.Contains(TagPrefix) && name.StartsWith(TagPrefix, StringComparison.Ordinal) && name.Length > TagPrefix.Length))
            {
                return (null, new(ErrorCodes.InvalidFilter, $"`Filters`: there is no filter \"{(name.Length > 60 ? name[..60] : name)}\". Filters: {string.Join(", ", names.Select(known => known == TagPrefix ? "tag:<key>" : known))}."));
            }

            filters.Add((name, [.. ((JsonArray)filter["Values"]!).Select(value => value!.GetValue<string>())]));
        }

        return (new(call, limit, filters.ToLookup(filter => filter.Name, filter => filter.Values, StringComparer.Ordinal)), null);
    }

    /// <summary>
    /// The same for a list that may be asked for by ids as well, which excludes filters; ids of another form are refused. <paramref name="idFilter"/> is the filter that has ids too,
    /// <paramref name="nameFilter"/> that with names.
    /// </summary>
    internal static (ListQuery? Query, PageFilter? Filter, TencentError? Error) ReadWithIds(
        ActionCall call, string idsName, string prefix, string malformedCode, string idFilter, string nameFilter, MachineCatalogue catalogue, params string[] names)
    {
        var ids = call.Texts(idsName);
        if (ids is not null && call.Parameters["Filters"] is JsonArray { Count: > 0 })
        {
            return (null, null, new(ErrorCodes.InvalidParameterCombination, $"Expected one of {idsName} and Filters."));
        }

        if (Checks.OfIds(ids ?? [], prefix, malformedCode) is { } malformed)
        {
            return (null, null, malformed);
        }

        var (query, error) = Read(call, limit: 20, names);
        if (query is null)
        {
            return (null, null, error);
        }

        if (Checks.OfIds(query.Values(idFilter) ?? [], prefix, malformedCode) is { } malformedFilter)
        {
            return (null, null, malformedFilter);
        }

        var states = query.Values("job-state");
        var parsed = states?.Select(ParseState).ToList();
        if (parsed?.Contains(null) == true)
        {
            return (null, null, new(ErrorCodes.InvalidParameterValue, $"`Filters`: expected states: {string.Join(", ", Enum.GetValues<RunState>().Select(WireName.Of))}."));
        }

        var filter = new PageFilter
        {
            Ids = ids ?? query.Values(idFilter),
            Names = query.Values(nameFilter),
            States = parsed?.OfType<RunState>().ToList(),
            Zones = query.Values("zone") is { } zones ? new(zones, zones.Contains(catalogue.DefaultZone)) : null,
            Labels = query.Labels(),
        };
        return (query, filter, null);
    }

    /// <summary>The state of this name; null when there is none.</summary>
    internal static RunState? ParseState(string name)
    {
        var found = Enum.GetValues<RunState>().Where(state => WireName.Of(state) == name).ToList();
        return found.Count == 0 ? null : found[0];
    }

    /// <summary>The filters of labels.</summary>
    internal IReadOnlyList<IReadOnlyList<LabelMatch>> Labels()
    {
        var labels = new List<IReadOnlyList<LabelMatch>>();
        foreach (var (name, values) in _filters.SelectMany(given => given.Select(values => (given.Key, values))))
        {
            if (name == "tag-key")
            {
                labels.Add([.. values.Select(value => new LabelMatch(value, null))]);
            }
            else if (name == "tag-value")
            {
                labels.Add([.. values.Select(value => new LabelMatch(null, value))]);
            }
            else if (name.StartsWith(TagPrefix, StringComparison.Ordinal))
            {
                labels.Add([.. values.Select(value => new LabelMatch(name[TagPrefix.Length..], value))]);
            }
        }

        return labels;
    }
}
