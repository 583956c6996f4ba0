-- Moves a listener's place over what it took, never backwards. Caller: ListenerStore. Parameters: @name, @epoch; @txid, @event_no, @count: the place; @handled: events it took.
-- With events it was told of its gap as well. No row changed: as event_listeners_renew. Locks its row.
UPDATE event_listeners
SET cursor_txid = @txid::xid8,
    cursor_event_no = @event_no::bigint,
    cursor_count = @count::integer,
    moved_at = clock_timestamp(),
    handled_events = handled_events + @handled::bigint,
    failures = 0,
    retry_at = NULL,
    gap_pending = gap_pending AND @handled::bigint = 0
WHERE listener_name = @name::text
    AND epoch = @epoch::bigint
    AND (cursor_txid, cursor_event_no, cursor_count) <= (@txid::xid8, @event_no::bigint, @count::integer)
