-- Makes a subscription. Caller: SubscriptionStore. Parameters: as the columns; @is_addressed as it is generated; @max_per_topic: most of one topic.
-- Runs under the topic's lock (topics_lock.sql), so that it sees what was made before, and two callers cannot both make the last one that is allowed.
-- Returns subscription_id, topic_name, created_at, whether it is new and whether the topic has as many as are allowed. The same name, or protocol, endpoint and bindings, again: the one that exists.
-- subscription_id null and not full: a change gave another one these bindings at this moment. No row: there is no such topic.
WITH topic AS MATERIALIZED (
    SELECT
        topic_key,
        topic_name,
        (SELECT count(*) FROM subscriptions WHERE subscriptions.topic_key = topics.topic_key) >= @max_per_topic::integer AS is_full
    FROM topics
    WHERE topic_key = @topic_key::text
),
existing AS (
    SELECT subscription_id, subscriptions.created_at
    FROM subscriptions
    JOIN topic USING (topic_key)
    WHERE lower(subscription_name) = lower(@subscription_name::text)
        OR (protocol = @protocol::text AND endpoint = @endpoint::text AND bindings = @bindings::text[])
    ORDER BY lower(subscription_name) IS NOT DISTINCT FROM lower(@subscription_name::text) DESC
    LIMIT 1
),
made AS (
    INSERT INTO subscriptions (
        subscription_id, topic_key, subscription_name, protocol, endpoint, bindings, enabled, asked_txids, asked_event_nos, bound_txid, format, filter, push, content_format, max_in_flight, max_age_seconds, max_queue_bytes, retry, secret,
        disabled_at, created_by, created_at, updated_at
    )
    SELECT
        @subscription_id::text,
        topic_key,
        @subscription_name::text,
        @protocol::text,
        @endpoint::text,
        @bindings::text[],
        @enabled::boolean,
        (SELECT array_agg(cursor_txid ORDER BY shard) FROM dispatcher_shards),
        (SELECT array_agg(cursor_event_no ORDER BY shard) FROM dispatcher_shards),
        CASE WHEN @is_addressed::boolean THEN pg_current_xact_id() END,
        @format::text,
        @filter::jsonb,
        @push::text,
        @content_format::text,
        @max_in_flight::integer,
        @max_age_seconds::integer,
        @max_queue_bytes::bigint,
        @retry::jsonb,
        @secret::bytea,
        CASE WHEN NOT @enabled::boolean THEN clock_timestamp() END,
        @created_by::text,
        clock_timestamp(),
        clock_timestamp()
    FROM topic
    WHERE NOT EXISTS (SELECT FROM existing)
        AND NOT is_full
    ON CONFLICT (topic_key, protocol, endpoint, bindings) DO NOTHING
    RETURNING subscription_id, created_at
)
SELECT
    coalesce(made.subscription_id, existing.subscription_id),
    topic_name,
    coalesce(made.created_at, existing.created_at),
    made.subscription_id IS NOT NULL AS is_new,
    is_full
FROM topic
LEFT JOIN made ON true
LEFT JOIN existing ON true;
