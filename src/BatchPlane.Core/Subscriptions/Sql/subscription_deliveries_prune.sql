-- Forgets deliveries that are over and old. Caller: DeliveryStore. Parameters: @retention_days; @limit: most rows at once. Locks the rows. Returns how many.
WITH old AS (
    SELECT subject_id, sequence, subscription_id
    FROM subscription_deliveries
    WHERE last_tried_at < now() - make_interval(days => @retention_days::integer)
        AND (next_try_at IS NULL OR next_try_at < now() - make_interval(days => @retention_days::integer))
    ORDER BY last_tried_at
    LIMIT @limit::integer
    FOR UPDATE SKIP LOCKED
),
gone AS (
    DELETE FROM subscription_deliveries
    USING old
    WHERE subscription_deliveries.subject_id = old.subject_id
        AND subscription_deliveries.sequence = old.sequence
        AND subscription_deliveries.subscription_id = old.subscription_id
    RETURNING 1
)
SELECT count(*)::integer
FROM gone;
