-- Notes what the latest tries say of their subscriptions. Caller: DeliveryStore, in the transaction that stores the deliveries.
-- Parameters: arrays of equal length, each subscription once: @subscription_ids; @delivered_ats, @failed_ats: last of each, null when there was none; @statuses,
-- @reasons: of the last. Locks the rows, in the order of their ids. Returns subscription_id and failing_since of those that fail.
WITH results AS (
    SELECT
        subscription_id,
        delivered_at,
        failed_at,
        status,
        reason
    FROM unnest(@subscription_ids::text[], @delivered_ats::timestamptz[], @failed_ats::timestamptz[], @statuses::integer[], @reasons::text[])
        AS result (subscription_id, delivered_at, failed_at, status, reason)
),
locked AS MATERIALIZED (
    SELECT subscription_id
    FROM subscriptions
    WHERE subscription_id = ANY (@subscription_ids::text[])
    ORDER BY subscription_id
    FOR NO KEY UPDATE
)
UPDATE subscriptions AS s
SET last_delivered_at = greatest(s.last_delivered_at, results.delivered_at),
    last_failed_at = greatest(s.last_failed_at, results.failed_at),
    last_status = results.status,
    last_reason = results.reason,
    failing_since = CASE
        WHEN results.failed_at IS NULL OR results.delivered_at > results.failed_at THEN NULL
        WHEN results.delivered_at IS NOT NULL THEN results.failed_at
        ELSE coalesce(s.failing_since, results.failed_at)
    END
FROM results
JOIN locked USING (subscription_id)
WHERE s.subscription_id = results.subscription_id
RETURNING s.subscription_id, s.failing_since;
