using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Core.Notifications;

/// <summary>What happens when a job or environment names a topic that does not exist.</summary>
public enum UnknownTopicPolicy
{
    /// <summary>The topic is made. The default.</summary>
    Create,

    /// <summary>The request is refused with 400 and the path of the name.</summary>
    Strict,

    /// <summary>The request is taken and the topic is not made: as long as nobody makes it, its events are recorded as failed deliveries.</summary>
    Lenient,
}

/// <summary>Messages and topics. Section <c>Notifications</c>.</summary>
public sealed class NotificationOptions
{
    /// <summary>Default of <see cref="Region"/>.</summary>
    public const string DefaultRegion = "ap-local";

    /// <summary>Default of <see cref="MaxMessageBytes"/>: what the topics of the original service accept.</summary>
    public const int DefaultMaxMessageBytes = 65_536;

    /// <summary>Default of <see cref="MaxTopics"/>: the published limit of the original service.</summary>
    public const int DefaultMaxTopics = 10_000;

    /// <summary>Region id of the installation: CloudEvents name it as their source, and messages in Tencent's envelope carry it unless a request to the Tencent façade that named another one made the job or environment. Default <c>ap-local</c>.</summary>
    [Required]
    [StringLength(64, MinimumLength = 1)]
    public string Region { get; set; } = DefaultRegion;

    /// <summary>Largest message body in bytes; of a longer one texts lose their ends. 4,096 to 1,048,576; default 65,536.</summary>
    [Range(4_096, 1_048_576)]
    public int MaxMessageBytes { get; set; } = DefaultMaxMessageBytes;

    /// <summary>What to do about a topic that does not exist: <c>create</c> (default), <c>strict</c> or <c>lenient</c>.</summary>
    public UnknownTopicPolicy UnknownTopic { get; set; } = UnknownTopicPolicy.Create;

    /// <summary>Most topics there may be; no further ones are made. Callers that make some at the same moment may exceed it by what they make. 1 to 1,000,000; default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxTopics { get; set; } = DefaultMaxTopics;
}
