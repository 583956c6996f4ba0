-- Subscribes a queue to a topic. Caller: TopicStore.
-- Parameters: @subscription_id, @topic_key, @endpoint, @binding, @created_by. Locks the topic's row against deletion.
-- Returns subscription_id, topic_name, created_at and whether it is new. The same queue and binding again: the one that exists.
-- No row: there is no such topic (or the same subscription was made between two snapshots: ask again).
WITH topic AS (
    SELECT topic_key, topic_name
    FROM topics
    WHERE topic_key = @topic_key::text
    FOR KEY SHARE
),
made AS (
    INSERT INTO subscriptions (subscription_id, topic_key, protocol, endpoint, binding, created_by, created_at)
    SELECT
        @subscription_id::text,
        topic_key,
        'queue',
        @endpoint::text,
        @binding::text,
        @created_by::text,
        clock_timestamp()
    FROM topic
    ON CONFLICT (topic_key, protocol, endpoint, binding) DO NOTHING
    RETURNING subscription_id, created_at
)
SELECT
    made.subscription_id,
    topic_name,
    made.created_at,
    true AS is_new
FROM made
CROSS JOIN topic
UNION ALL
SELECT
    subscription_id,
    topic_name,
    created_at,
    false AS is_new
FROM subscriptions
JOIN topic USING (topic_key)
WHERE protocol = 'queue'
    AND endpoint = @endpoint::text
    AND binding = @binding::text;
