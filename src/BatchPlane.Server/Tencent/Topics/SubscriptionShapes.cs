using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Fields;
using static BatchPlane.Server.Tencent.Fields.FieldType;

namespace BatchPlane.Server.Tencent.Topics;

/// <summary>Requests about subscriptions.</summary>
internal static class SubscriptionShapes
{
    private static readonly Field Name = new("SubscriptionName", Text) { IsRequired = true, IsTranslated = true, MaxLength = 64, Note = "Of a subscription that has no name, its id." };

    private static readonly Field Strategy = new("NotifyStrategy", Text)
    {
        IsTranslated = true,
        Note = "`BACKOFF_RETRY` or `EXPONENTIAL_DECAY_RETRY` (default). Of a queue without effect: RabbitMQ puts the message there.",
    };

    private static readonly Field Format = new("NotifyContentFormat", Text) { IsTranslated = true, Note = "`JSON` (default) or `SIMPLIFIED`; of a queue the latter only." };

    private static readonly Field BindingKey = new("BindingKey", Text)
    {
        IsTranslated = true,
        IsList = true,
        MaxItems = TopicShapes.MaxTags,
        MaxLength = TopicShapes.MaxTagLength,
        Note = "At most 5; of a topic with binding keys only. None: everything.",
    };

    internal static readonly ActionSpec Create = Action(
        "CreateCmqSubscribe",
        "A queue is the RabbitMQ queue of this name, made unless it exists; read it by AMQP. The secret that pushes to a URL are signed with is not told here: rotate it at the REST API to learn it.",
        TopicShapes.TopicName with { IsTranslated = true },
        Name with { IsTranslated = false, Note = "" },
        new("Protocol", Text) { IsRequired = true, Note = "`queue` or `http`." },
        new("Endpoint", Text) { IsRequired = true, Note = "Name of a queue, or a URL, which here may be https; addresses of private networks only where `Webhooks` allows them." },
        Strategy,
        Format,
        Tags("FilterTag"),
        BindingKey);

    internal static readonly ActionSpec Modify = Action(
        "ModifyCmqSubscriptionAttribute", "What is left out stays. No tags or keys at all: everything.", TopicShapes.TopicName, Name, Strategy, Format, Tags("FilterTags"), BindingKey);

    internal static readonly ActionSpec Clear = Action("ClearCmqSubscriptionFilterTags", "It gets everything then.", TopicShapes.TopicName, Name);

    internal static readonly ActionSpec Delete = Action("DeleteCmqSubscribe", "The queue and what is in it stay.", TopicShapes.TopicName, Name);

    internal static readonly ActionSpec List = Action(
        "DescribeCmqSubscriptionDetail",
        "Oldest first. `MsgCount` is always 0, `LastModifyTime` when it was made.",
        new("TopicName", Text) { IsTranslated = true, Note = "Required unless `QueryType` is `queue`." },
        CommonShapes.Offset,
        TopicShapes.Limit,
        new("SubscriptionName", Text) { IsTranslated = true, MaxLength = 64, Note = "What names contain." },
        new("QueueName", Text) { IsTranslated = true, MaxLength = 255, Note = "Required when `QueryType` is `queue`." },
        new("QueryType", Text) { IsTranslated = true, Note = "`topic` (default): those of a topic; `queue`: those that lead to a queue." });

    private static Field Tags(string name) => new(name, Text)
    {
        IsTranslated = true,
        IsList = true,
        MaxItems = TopicShapes.MaxTags,
        MaxLength = TopicShapes.MaxTagLength,
        Note = "At most 5, of letters, digits, `_` and `-`; of a topic with tags only. None: everything.",
    };

    private static ActionSpec Action(string name, string note, params Field[] fields) => new(TopicShapes.Version, name, new Shape("", fields), note);
}
