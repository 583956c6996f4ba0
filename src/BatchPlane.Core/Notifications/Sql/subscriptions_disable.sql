-- Disables a subscription whose endpoint is gone or failed for too long, and notes the notice of it for the topic. Caller: SubscriptionStore.
-- Parameters: @subscription_id, @reason, @notice_id; @failing_for: only when it has been failing for longer than this; null: whatever. Locks the row.
-- Returns its topic's name; no row: it is disabled or deleted already, or does not fail any more.
WITH changed AS (
    UPDATE subscriptions
    SET enabled = false,
        disabled_at = clock_timestamp(),
        disabled_reason = @reason::text,
        revision = nextval('subscription_revision_seq'),
        updated_at = clock_timestamp()
    WHERE subscription_id = @subscription_id::text
        AND enabled
        AND (@failing_for::interval IS NULL OR failing_since < clock_timestamp() - @failing_for::interval)
    RETURNING subscription_id, topic_key, bindings, is_addressed, disabled_at
),
removals AS (
    INSERT INTO topology_removals (topic_name, queue, binding)
    SELECT topic_name, 'batchplane.sub.' || subscription_id, unnest(bindings)
    FROM changed
    JOIN topics USING (topic_key)
    WHERE NOT is_addressed
),
notice AS (
    INSERT INTO topic_notices (notice_id, topic_key, subscription_id, reason, created_at)
    SELECT @notice_id::text, topic_key, subscription_id, @reason::text, disabled_at
    FROM changed
)
SELECT topic_name
FROM changed
JOIN topics USING (topic_key);
