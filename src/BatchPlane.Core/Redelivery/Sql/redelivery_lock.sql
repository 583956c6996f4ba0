-- Before a redelivery moves on or ends: one shard after the other, so that the last one knows that it is. Caller: RedeliveryStore.
-- Parameters: @redelivery_id. One row: true while it is open; none when it was forgotten. Locks the row.
SELECT finished_at IS NULL
FROM redeliveries
WHERE redelivery_id = @redelivery_id::text
FOR UPDATE
