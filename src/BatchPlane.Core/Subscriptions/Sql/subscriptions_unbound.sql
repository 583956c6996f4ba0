-- Enabled subscriptions of a topic, but for those that are addressed, of which RabbitMQ has not answered yet that their queues are bound. Caller: BindingStore.
-- Parameters: @topic_key; @subscription_id: one alone, or null for all. Locks nothing.
SELECT
    subscription_id,
    revision
FROM subscriptions
WHERE topic_key = @topic_key::text
    AND (@subscription_id::text IS NULL OR subscription_id = @subscription_id::text)
    AND enabled
    AND NOT is_addressed
    AND (bound_txid IS NULL OR was_addressed)
ORDER BY subscription_id;
