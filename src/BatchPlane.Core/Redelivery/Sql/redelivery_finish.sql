-- Ends a redelivery when no shard has anything to do for it any more. Caller: RedeliveryStore, under redelivery_lock.sql. Parameters: @redelivery_id. Locks the row.
UPDATE redeliveries AS r
SET finished_at = clock_timestamp()
WHERE r.redelivery_id = @redelivery_id::text
    AND r.finished_at IS NULL
    AND NOT EXISTS (
        SELECT
        FROM redelivery_shards AS s
        WHERE s.redelivery_id = r.redelivery_id
            AND s.finished_at IS NULL
    )
