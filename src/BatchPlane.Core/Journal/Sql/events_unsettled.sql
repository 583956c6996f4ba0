-- Whether a shard has committed rows that wait for older transactions to end.
-- Caller: OutboxReader. Parameters: @shard. Returns one boolean. Locks nothing.
SELECT EXISTS (
    SELECT
    FROM events
    WHERE shard = @shard::smallint
        AND notify <> 0
        AND order_txid >= pg_snapshot_xmin(pg_current_snapshot())
);
