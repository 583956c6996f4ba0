using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Fields;
using static BatchPlane.Server.Tencent.Fields.FieldType;
using static BatchPlane.Server.Tencent.Fields.Treatment;

namespace BatchPlane.Server.Tencent.Topics;

/// <summary>Requests about topics and messages.</summary>
internal static class TopicShapes
{
    /// <summary>Version of the interface of TDMQ, which took CMQ over.</summary>
    internal const string Version = "2020-02-17";

    /// <summary>Version of the older interface of CMQ.</summary>
    internal const string OlderVersion = "2019-03-04";

    /// <summary>Most tags of a message or subscription.</summary>
    internal const int MaxTags = 5;

    /// <summary>Longest tag, routing key and binding key.</summary>
    internal const int MaxTagLength = 64;

    /// <summary>Most messages of one request.</summary>
    internal const int MaxMessages = 16;

    private const int MaxMessageLength = 1_048_576;

    /// <summary>The topic that has to be named.</summary>
    internal static readonly Field TopicName = new("TopicName", Text) { IsRequired = true, Note = "A name, in any case, not an id." };

    /// <summary>Length of a page.</summary>
    internal static readonly Field Limit = CommonShapes.Limit(20, 50);

    private static readonly Shape TopicTag = new("TopicTag",
    [
        new("TagKey", Text) { IsRequired = true, IsTranslated = true, MaxLength = 128 },
        new("TagValue", Text) { IsRequired = true, IsTranslated = true, MaxLength = 256 },
    ]);

    private static readonly Field MaxMsgSize = new("MaxMsgSize", Integer) { IsTranslated = true, Max = 65_536, Note = "1,024 to 65,536 bytes. Of messages that this interface publishes (default 65,536) and, when it was given, of events, which are shortened." };
    private static readonly Field Retention = new("MsgRetentionSeconds", Integer, Echoed) { Max = 86_400, Note = "A topic keeps nothing; how long a queue does is said to RabbitMQ." };
    private static readonly Field Trace = new("Trace", Flag, Echoed) { Note = "Nothing is traced beyond the journal." };
    private static readonly Field MsgTag = new("MsgTag", Text) { IsTranslated = true, IsList = true, MaxItems = MaxTags, MaxLength = MaxTagLength, Note = "At most 5, of letters, digits, `_` and `-`." };

    internal static readonly ActionSpec Create = Action(
        Version,
        "CreateCmqTopic",
        "The exchange of the same name is made, too.",
        TopicName,
        MaxMsgSize,
        new("FilterType", Integer) { IsTranslated = true, Max = 2, Note = "1 (default): tags, 2: binding keys. Topics that came by another way have 2. The words of an event's routing key count as its tags: those of JOB_FAILED are `job` and `failed`." },
        Retention,
        Trace,
        new("Tags", Record) { IsTranslated = true, IsList = true, MaxItems = 10, Members = TopicTag, Note = "At most 10." });

    internal static readonly ActionSpec Modify = Action(Version, "ModifyCmqTopicAttribute", "", TopicName, MaxMsgSize, Retention, Trace);

    internal static readonly ActionSpec Delete = Action(Version, "DeleteCmqTopic", "Its subscriptions go with it; queues and what is in them stay.", TopicName);

    internal static readonly ActionSpec List = Action(
        Version,
        "DescribeCmqTopics",
        "By name. `MsgCount` and `Qps` are always 0.",
        CommonShapes.Offset,
        Limit,
        new("TopicName", Text) { IsTranslated = true, MaxLength = 64, Note = "What names contain." },
        new("TopicNameList", Text) { IsTranslated = true, IsList = true, MaxItems = 100, MaxLength = 64, Note = "At most 100." },
        new("IsTagFilter", Flag, Ignored) { Note = "`Filters` are of tags." },
        CommonShapes.Filters("`tag:<key>`"));

    internal static readonly ActionSpec Describe = Action(Version, "DescribeCmqTopicDetail", "", TopicName);

    internal static readonly ActionSpec DescribeOlder = Action(
        OlderVersion,
        "DescribeTopicDetail",
        "Times in seconds.",
        new("TopicName", Text) { IsTranslated = true, MaxLength = 64, Note = "Without it, all." },
        new("TagKey", Text) { IsTranslated = true, MaxLength = 128 },
        CommonShapes.Filters("`tag:<key>`"),
        CommonShapes.Offset,
        Limit);

    internal static readonly ActionSpec Publish = Action(
        Version,
        "PublishCmqMsg",
        "Answered when RabbitMQ has it; success also when nobody is subscribed.",
        TopicName,
        new("MsgContent", Text) { IsRequired = true, IsTranslated = true, MaxLength = MaxMessageLength, Note = "At most the topic's `MaxMsgSize` bytes." },
        MsgTag with { Note = MsgTag.Note + " Of a topic with binding keys one, the routing key." });

    internal static readonly ActionSpec PublishBatch = Action(
        OlderVersion,
        "BatchPublishMessage",
        "The classic interface of CMQ (`/v2/index.php`), whose method this is, is not served: here it has the form of all others, and SDKs send it by their general request.",
        TopicName,
        new("MsgBody", Text) { IsRequired = true, IsTranslated = true, IsList = true, MaxItems = MaxMessages, MaxLength = MaxMessageLength, Note = "1 to 16, together at most the topic's `MaxMsgSize` bytes." },
        MsgTag,
        new("RoutingKey", Text) { IsTranslated = true, MaxLength = MaxTagLength, Note = "Of a topic with binding keys." });

    private static ActionSpec Action(string version, string name, string note, params Field[] fields) => new(version, name, new Shape("", fields), note);
}
