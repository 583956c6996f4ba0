-- Subscriptions of some topics, oldest first within a topic. Caller: SubscriptionStore, TopicStore.
-- Parameters: @topic_keys; @subscription_id: one alone, or null for all. Locks nothing.
SELECT
    subscription_id,
    topics.topic_name,
    subscription_name,
    protocol,
    endpoint,
    bindings,
    enabled,
    format,
    push,
    content_format,
    max_in_flight,
    retry::text,
    previous_secret_until,
    disabled_reason,
    disabled_at,
    failing_since,
    last_delivered_at,
    last_failed_at,
    last_status,
    last_reason,
    subscriptions.created_at,
    max_age_seconds,
    max_queue_bytes,
    filter::text,
    topics.topic_key
FROM subscriptions
JOIN topics ON topics.topic_key = subscriptions.topic_key
WHERE topics.topic_key = ANY (@topic_keys::text[])
    AND (@subscription_id::text IS NULL OR subscription_id = @subscription_id::text)
ORDER BY topics.topic_key, subscriptions.created_at, subscription_id;
