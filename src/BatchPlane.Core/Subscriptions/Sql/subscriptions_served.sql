-- All that deliverers serve. Caller: SubscriptionStore. Locks nothing.
-- The last column: the words of routing keys of the topic are tags. Those of topics that came by another way than Tencent's are not.
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
    secret,
    previous_secret,
    revision,
    coalesce((topics.tencent ->> 'FilterType')::integer = 1, false) AS has_tags
FROM subscriptions
JOIN topics ON topics.topic_key = subscriptions.topic_key
WHERE protocol <> 'queue';
