-- Disables a subscription whose endpoint is gone or failed for too long. Caller: SubscriptionStore.
-- Parameters: @subscription_id, @reason; @failing_before: only when it has been failing since before this; null: whatever. Locks the row.
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
        AND (@failing_before::timestamptz IS NULL OR failing_since < @failing_before::timestamptz)
    RETURNING subscription_id, topic_key, bindings
),
removals AS (
    INSERT INTO topology_removals (topic_name, queue, binding)
    SELECT topic_name, 'batchplane.sub.' || subscription_id, unnest(bindings)
    FROM changed
    JOIN topics USING (topic_key)
)
SELECT topic_name
FROM changed
JOIN topics USING (topic_key);
