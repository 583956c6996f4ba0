using BatchPlane.Core.Catalogue;

namespace BatchPlane.Core.Topics;

/// <summary>A message about a topic itself, in the envelope of all events: no event, asked for by nobody, and in no journal.</summary>
/// <param name="Name">Its name.</param>
/// <param name="RoutingKey">Its routing key.</param>
/// <param name="Fires">When it comes.</param>
/// <param name="Keys">Members of its <c>Batch</c>, all required, in their order.</param>
public sealed record NoticeKind(string Name, string RoutingKey, string Fires, IReadOnlyList<PayloadKey> Keys);

/// <summary>All notices: what is published, documents and schemas are made from this.</summary>
public static class TopicNotices
{
    private static readonly PayloadKey Topic = new("TopicName", "string", [], null, "the topic");

    /// <summary>The test of a topic; it may name another routing key.</summary>
    public static NoticeKind Test { get; } = new("TOPIC_TEST", "topic.test", "somebody tests the topic, under the routing key asked for", [Topic]);

    /// <summary>Each of them.</summary>
    public static IReadOnlyList<NoticeKind> All { get; } = [Test];
}
