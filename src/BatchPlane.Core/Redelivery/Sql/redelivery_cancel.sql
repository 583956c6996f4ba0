-- Withdraws a redelivery; no effect on one that ended. Caller: RedeliveryStore. Parameters: @redelivery_id. Locks the row.
UPDATE redeliveries
SET cancelled_at = clock_timestamp(),
    finished_at = clock_timestamp()
WHERE redelivery_id = @redelivery_id::text
    AND finished_at IS NULL
