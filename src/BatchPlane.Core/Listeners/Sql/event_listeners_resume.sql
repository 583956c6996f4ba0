-- A user resumes a listener, at its place or behind everything that is settled now. One that waits for another try gets it at once. Caller: ListenerStore.
-- Parameters: @name; @skip: true: behind everything; @gap: why it misses something then, in words. No row changed: there is none. Locks its row.
UPDATE event_listeners
SET paused_at = NULL,
    failures = 0,
    retry_at = NULL,
    epoch = epoch + 1,
    holder = NULL,
    lease_until = NULL,
    cursor_txid = CASE WHEN @skip::boolean THEN greatest(cursor_txid, pg_snapshot_xmin(pg_current_snapshot())) ELSE cursor_txid END,
    cursor_event_no = CASE WHEN @skip::boolean AND pg_snapshot_xmin(pg_current_snapshot()) > cursor_txid THEN 0 ELSE cursor_event_no END,
    cursor_count = CASE WHEN @skip::boolean AND pg_snapshot_xmin(pg_current_snapshot()) > cursor_txid THEN 0 ELSE cursor_count END,
    gaps = CASE WHEN @skip::boolean THEN gaps + 1 ELSE gaps END,
    last_gap = CASE WHEN @skip::boolean THEN @gap::text ELSE last_gap END,
    last_gap_at = CASE WHEN @skip::boolean THEN clock_timestamp() ELSE last_gap_at END,
    gap_pending = gap_pending OR @skip::boolean
WHERE listener_name = @name::text
