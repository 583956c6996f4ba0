using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Topics;

namespace BatchPlane.Server.Tencent.Topics;

/// <summary>What Tencent's interface says of a topic beyond what BatchPlane's own does; stored beside the topic.</summary>
internal sealed record TopicSettings
{
    /// <summary>Subscriptions choose by tags.</summary>
    internal const int ByTags = 1;

    /// <summary>Subscriptions choose by binding keys, as BatchPlane's own do.</summary>
    internal const int ByKeys = 2;

    /// <summary>Largest message in bytes when nobody said otherwise.</summary>
    private const int DefaultMaxMsgSize = 65_536;

    /// <summary>Seconds that are shown when nobody said otherwise.</summary>
    internal const int DefaultRetentionSeconds = 86_400;

    private const string Prefix = "topic-";
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const int IdLength = 8;

    /// <summary>How subscriptions choose.</summary>
    public int FilterType { get; init; } = ByTags;

    /// <summary>Largest message in bytes as it was given, which holds for events too; null: nobody said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MaxMsgSize { get; init; }

    /// <summary>Largest message in bytes that this interface shows and publishes.</summary>
    [JsonIgnore]
    public int ShownMaxMsgSize => MaxMsgSize ?? DefaultMaxMsgSize;

    /// <summary>As it was given, in seconds.</summary>
    public int MsgRetentionSeconds { get; init; } = DefaultRetentionSeconds;

    /// <summary>As it was given.</summary>
    public bool Trace { get; init; }

    /// <summary>When these were last changed; null: not since the topic was made.</summary>
    public DateTimeOffset? LastModifiedAt { get; init; }

    /// <summary>Those of topics that came by another way.</summary>
    internal static TopicSettings OfOthers { get; } = new() { FilterType = ByKeys };

    /// <summary>Those of a topic.</summary>
    internal static TopicSettings Of(ListedTopic topic) => Of(topic.Tencent);

    /// <summary>Those that are stored as this; null: nothing is.</summary>
    internal static TopicSettings Of(string? stored) => stored is null ? OfOthers : JsonSerializer.Deserialize<TopicSettings>(stored)!;

    /// <summary>As they are stored.</summary>
    internal string ToJson() => JsonSerializer.Serialize(this);

    /// <summary>An id that this topic always has, and one of the same name that is made later has not. Nothing is found by it.</summary>
    internal static string IdOf(ListedTopic topic)
    {
        var made = FormattableString.Invariant($"{TopicKey.Of(topic.View.TopicName)}\n{topic.View.CreatedAt.UtcTicks}");
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(made));
        return Prefix + string.Concat(digest.Take(IdLength).Select(value => Alphabet[value % Alphabet.Length]));
    }
}
