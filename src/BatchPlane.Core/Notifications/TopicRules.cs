using System.Text;
using System.Text.RegularExpressions;

namespace BatchPlane.Core.Notifications;

/// <summary>What names of topics, queues and bindings look like. Source: the topic service's limits and AMQP's short strings.</summary>
public static partial class TopicRules
{
    /// <summary>Longest topic name in characters.</summary>
    public const int MaxTopicNameLength = 64;

    /// <summary>Longest queue name or binding in UTF-8 bytes: an AMQP short string.</summary>
    public const int MaxShortStringBytes = 255;

    /// <summary>Prefix that the broker keeps for itself.</summary>
    public const string ReservedPrefix = "amq.";

    /// <summary>What two spellings of one topic have in common: the name in lower case.</summary>
    public static string KeyOf(string topicName) => topicName.ToLowerInvariant();

    /// <summary>True for a letter, then letters, digits, <c>_</c>, <c>-</c>; at most <see cref="MaxTopicNameLength"/> characters.</summary>
    public static bool IsTopicName(string name) => name.Length <= MaxTopicNameLength && TopicName().IsMatch(name);

    /// <summary>True for 1 to <see cref="MaxShortStringBytes"/> bytes without control characters that do not begin with <see cref="ReservedPrefix"/>.</summary>
    public static bool IsQueueName(string name) =>
        name.Length > 0 && IsShortString(name) && !name.StartsWith(ReservedPrefix, StringComparison.Ordinal);

    /// <summary>True for 1 to <see cref="MaxShortStringBytes"/> bytes without control characters.</summary>
    public static bool IsBinding(string binding) => binding.Length > 0 && IsShortString(binding);

    private static bool IsShortString(string text) =>
        Encoding.UTF8.GetByteCount(text) <= MaxShortStringBytes && !text.Any(char.IsControl);

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9_-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex TopicName();
}
