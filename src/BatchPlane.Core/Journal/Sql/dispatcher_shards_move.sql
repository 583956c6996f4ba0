-- Moves a shard's cursor over what is confirmed, never backwards.
-- Caller: OutboxReader. Parameters: @shard, @epoch; @txid, @event_no, @offset: the new cursor.
-- One row changed: moved. None: the shard was taken over and the caller stops. Locks one row.
UPDATE dispatcher_shards
SET cursor_txid = @txid::xid8,
    cursor_event_no = @event_no::bigint,
    cursor_offset = @offset::integer,
    moved_at = clock_timestamp()
WHERE shard = @shard::smallint
    AND epoch = @epoch::bigint
    AND (cursor_txid, cursor_event_no, cursor_offset) <= (@txid::xid8, @event_no::bigint, @offset::integer);
