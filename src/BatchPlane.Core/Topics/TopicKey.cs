namespace BatchPlane.Core.Topics;

/// <summary>What two spellings of one topic have in common.</summary>
public static class TopicKey
{
    /// <summary>The name in lower case, as in <c>topics.topic_key</c>.</summary>
    public static string Of(string topicName) => topicName.ToLowerInvariant();
}
