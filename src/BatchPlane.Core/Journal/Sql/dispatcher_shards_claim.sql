-- Takes shards that nobody holds, or whose holder let its lease run out. The epoch grows: the old holder can move nothing any more.
-- Caller: ShardLeases. Parameters: @holder; @lease: interval; @wanted: at most so many.
-- Returns shard, epoch and cursor of each. Locks the rows it takes; rows that somebody else is taking are skipped, not waited for.
WITH free AS (
    SELECT shard
    FROM dispatcher_shards
    WHERE holder IS NULL
        OR lease_until <= clock_timestamp()
    ORDER BY shard
    LIMIT @wanted::integer
    FOR UPDATE SKIP LOCKED
)
UPDATE dispatcher_shards
SET holder = @holder::text,
    epoch = epoch + 1,
    lease_until = clock_timestamp() + @lease::interval
FROM free
WHERE dispatcher_shards.shard = free.shard
RETURNING
    dispatcher_shards.shard,
    epoch,
    cursor_txid,
    cursor_event_no,
    cursor_offset;
