-- Takes a listener that nobody runs, or whose server let its lease run out, unless it is paused or waits for another try. The epoch grows.
-- Caller: ListenerStore. Parameters: @name; @holder; @lease: interval. Returns epoch, place, failures, and the gap it has not been told of or null. No row: not now. Locks its row; one that
-- somebody else is taking is skipped.
WITH free AS (
    SELECT listener_name
    FROM event_listeners
    WHERE listener_name = @name::text
        AND paused_at IS NULL
        AND (holder IS NULL OR lease_until <= clock_timestamp())
    FOR UPDATE SKIP LOCKED
)
UPDATE event_listeners AS l
SET holder = @holder::text,
    epoch = l.epoch + 1,
    lease_until = clock_timestamp() + @lease::interval
FROM free
WHERE l.listener_name = free.listener_name
RETURNING
    l.epoch,
    l.cursor_txid,
    l.cursor_event_no,
    l.cursor_count,
    l.failures,
    greatest(l.retry_at - clock_timestamp(), interval '0'),
    CASE WHEN l.gap_pending THEN l.last_gap END
