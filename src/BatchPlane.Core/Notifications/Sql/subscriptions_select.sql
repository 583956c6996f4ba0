-- Subscriptions of some topics, oldest first within a topic. Caller: TopicStore. Parameters: @topic_keys. Locks nothing.
SELECT
    subscription_id,
    topics.topic_key,
    topic_name,
    protocol,
    endpoint,
    binding,
    subscriptions.created_at
FROM subscriptions
JOIN topics ON topics.topic_key = subscriptions.topic_key
WHERE topics.topic_key = ANY (@topic_keys::text[])
ORDER BY topics.topic_key, subscriptions.created_at, subscription_id;
