-- Ends a subscription. Caller: TopicStore. Parameters: @topic_key, @subscription_id.
-- Returns what was bound; no row: there is no such subscription of that topic. Locks the row.
DELETE FROM subscriptions
USING topics
WHERE topics.topic_key = subscriptions.topic_key
    AND subscriptions.topic_key = @topic_key::text
    AND subscription_id = @subscription_id::text
RETURNING
    topic_name,
    endpoint,
    binding;
