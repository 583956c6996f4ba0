-- Enabled subscriptions that the dispatcher sends copies of their own. Caller: SubscriptionStore. Locks nothing.
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
    topics.topic_key,
    revision,
    bound_txid
FROM subscriptions
JOIN topics ON topics.topic_key = subscriptions.topic_key
WHERE (is_addressed OR was_addressed)
    AND enabled
ORDER BY topics.topic_key, subscriptions.created_at, subscription_id;
