-- Moves a shard's cursor over what is confirmed, never backwards.
-- Caller: OutboxReader. Parameters: @shard, @epoch; @txid, @event_no, @offset: the new cursor.
-- One row changed: moved. None: the shard was taken over and the caller stops. Locks one row.
UPDATE dispatcher_shards
SET cursor_txid = @txid,
    cursor_event_no = @event_no,
    cursor_offset = @offset,
    moved_at = clock_timestamp()
WHERE shard = @shard
    AND epoch = @epoch
    AND (cursor_txid, cursor_event_no, cursor_offset) <= (@txid, @event_no, @offset);
