-- Moves a listener's place over events that are not kept any more, and notes that it does not get them. Caller: ListenerStore. Parameters: @name, @epoch; @txid, @event_no: the last row that is
-- gone; @gap: in words. No row changed: as event_listeners_renew, or the place lies behind it already. Locks its row.
UPDATE event_listeners
SET cursor_txid = @txid::xid8,
    cursor_event_no = @event_no::bigint,
    cursor_count = 2147483647,
    gaps = gaps + 1,
    last_gap = @gap::text,
    last_gap_at = clock_timestamp(),
    gap_pending = true
WHERE listener_name = @name::text
    AND epoch = @epoch::bigint
    AND (cursor_txid, cursor_event_no) < (@txid::xid8, @event_no::bigint)
