using System.Text.Json;
using BatchPlane.Core.Topics;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tencent.Topics;

/// <summary>
/// Tags as AMQP bindings. A topic is a topic exchange whichever way its subscriptions choose: the tags of a message are the words of its routing key, and who wants a tag wants it as
/// any of the words.
/// </summary>
internal static class TagBindings
{
    /// <summary>The binding of who chooses nothing.</summary>
    internal const string Everything = "#";

    private const string Before = "#.";
    private const string After = ".#";

    /// <summary>Bindings of who wants messages that have any of these tags; none: everything.</summary>
    internal static IReadOnlyList<string> Of(IReadOnlyList<string> tags) => tags.Count == 0 ? [Everything] : [.. tags.Select(tag => Before + tag + After)];

    /// <summary>The tag that a binding is about; null: about none.</summary>
    internal static string? TagOf(string binding) =>
        binding.Length > Before.Length + After.Length
        && binding.StartsWith(Before, StringComparison.Ordinal)
        && binding.EndsWith(After, StringComparison.Ordinal)
        && binding[Before.Length..^After.Length] is var tag
        && IsTag(tag)
            ? tag
            : null;

    /// <summary>What is wrong with tags; null: nothing.</summary>
    internal static TencentError? ProblemOf(string field, IReadOnlyList<string> tags) => tags.Any(tag => !IsTag(tag))
        ? new(ErrorCodes.InvalidParameterValue, $"`{field}`: expected tags of letters, digits, _ and -.")
        : tags.Distinct(StringComparer.Ordinal).Count() < tags.Count ? new(ErrorCodes.InvalidParameterValue, $"`{field}`: a tag is given twice.") : null;

    /// <summary>What is wrong with a routing key; null: nothing. No key at all is none.</summary>
    internal static TencentError? ProblemOfKey(string field, string key) => key.Length == 0 || IsKey(key)
        ? null
        : new(ErrorCodes.InvalidParameterValue, $"`{field}`: expected words of letters, digits, _ and - joined by dots.");

    private static bool IsTag(string text) => IsKey(text) && !text.Contains('.', StringComparison.Ordinal);

    private static bool IsKey(string text) => TopicDocumentReader.ReadTest(JsonSerializer.SerializeToElement(new Dictionary<string, string> { ["routing_key"] = text })).IsValid;
}
