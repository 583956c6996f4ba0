-- Notes what the latest tries say of their subscriptions. Caller: DeliveryStore, in the transaction that stores the deliveries.
-- Parameters: arrays of equal length, each subscription once: @subscription_ids; @delivered: tries that succeeded; @failed: tries that failed; @fails: whether the last one failed;
-- @statuses, @reasons: of the last. Locks the rows, in the order of their ids. Returns subscription_id, failing_since and recent_failures of those that fail.
WITH results AS (
    SELECT
        subscription_id,
        delivered,
        failed,
        fails,
        status,
        reason,
        clock_timestamp() AS at
    FROM unnest(@subscription_ids::text[], @delivered::integer[], @failed::integer[], @fails::boolean[], @statuses::integer[], @reasons::text[])
        AS result (subscription_id, delivered, failed, fails, status, reason)
),
locked AS MATERIALIZED (
    SELECT subscription_id
    FROM subscriptions
    WHERE subscription_id = ANY (@subscription_ids::text[])
    ORDER BY subscription_id
    FOR NO KEY UPDATE
)
UPDATE subscriptions AS s
SET last_delivered_at = CASE WHEN delivered > 0 THEN at ELSE s.last_delivered_at END,
    last_failed_at = CASE WHEN failed > 0 THEN at ELSE s.last_failed_at END,
    last_status = results.status,
    last_reason = results.reason,
    failing_since = CASE
        WHEN NOT fails THEN NULL
        WHEN delivered > 0 THEN at
        ELSE coalesce(s.failing_since, at)
    END,
    recent_failures = failed + CASE WHEN s.recent_since > at - interval '1 day' THEN s.recent_failures ELSE 0 END,
    recent_since = CASE WHEN s.recent_since > at - interval '1 day' THEN s.recent_since ELSE at END
FROM results
JOIN locked USING (subscription_id)
WHERE s.subscription_id = results.subscription_id
RETURNING s.subscription_id, s.failing_since, s.recent_failures;
