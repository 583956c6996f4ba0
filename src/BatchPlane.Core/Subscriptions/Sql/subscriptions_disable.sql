-- Disables a subscription whose endpoint is gone or failed for too long, and appends SUBSCRIPTION_DISABLED to the journal. Caller: SubscriptionStore.
-- Parameters: @subscription_id, @shard: of the subscription; @cause, @reason; @failing_for: only when it has been failing for longer than this; null: whatever. Locks the row.
-- Returns its topic's name; no row: it is disabled or deleted already, or does not fail any more.
WITH changed AS (
    UPDATE subscriptions
    SET enabled = false,
        disabled_at = clock_timestamp(),
        disabled_reason = @reason::text,
        last_sequence = last_sequence + 1,
        journal_txid = greatest(journal_txid, pg_current_xact_id()),
        revision = nextval('subscription_revision_seq'),
        updated_at = clock_timestamp()
    WHERE subscription_id = @subscription_id::text
        AND enabled
        AND (@failing_for::interval IS NULL OR failing_since < clock_timestamp() - @failing_for::interval)
    RETURNING subscription_id, topic_key, bindings, is_addressed, disabled_at, last_sequence, journal_txid
),
removals AS (
    INSERT INTO topology_removals (topic_name, queue, binding)
    SELECT topic_name, 'batchplane.sub.' || subscription_id, unnest(bindings)
    FROM changed
    JOIN topics USING (topic_key)
    WHERE NOT is_addressed
),
event AS (
    INSERT INTO events (order_txid, shard, subject_id, sequence, level, state, cause, reason, source, occurred_at, notify, details)
    SELECT
        journal_txid,
        @shard::smallint,
        subscription_id,
        last_sequence,
        'subscription',
        'DISABLED',
        @cause::text,
        @reason::text,
        'engine',
        disabled_at,
        1,
        jsonb_build_object('topic_name', topic_name)
    FROM changed
    JOIN topics USING (topic_key)
)
SELECT topic_name
FROM changed
JOIN topics USING (topic_key);
