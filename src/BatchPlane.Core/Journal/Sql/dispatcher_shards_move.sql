-- Moves a shard's cursor over what is confirmed, never backwards.
-- Caller: OutboxReader. Parameters: @shard, @epoch; @txid, @event_no, @offset: the new cursor.
-- One row: the cursor as it is then, which lies further when a move whose answer was lost had happened. None: the shard was taken over and the caller stops. Locks one row.
UPDATE dispatcher_shards AS s
SET cursor_txid = furthest.txid,
    cursor_event_no = furthest.event_no,
    cursor_offset = furthest.event_offset,
    moved_at = clock_timestamp()
FROM (
    SELECT held.shard, place.txid, place.event_no, place.event_offset
    FROM (
        SELECT shard, cursor_txid, cursor_event_no, cursor_offset
        FROM dispatcher_shards
        WHERE shard = @shard::smallint
            AND epoch = @epoch::bigint
        FOR UPDATE
    ) AS held
    CROSS JOIN LATERAL (
        VALUES
            (held.cursor_txid, held.cursor_event_no, held.cursor_offset),
            (@txid::xid8, @event_no::bigint, @offset::integer)
    ) AS place (txid, event_no, event_offset)
    ORDER BY place.txid DESC, place.event_no DESC, place.event_offset DESC
    LIMIT 1
) AS furthest
WHERE s.shard = furthest.shard
RETURNING s.cursor_txid, s.cursor_event_no, s.cursor_offset;
