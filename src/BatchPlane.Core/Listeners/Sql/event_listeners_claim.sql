-- Takes a listener that nobody runs, or whose server let its lease run out, unless it is paused or waits for another try. The epoch grows. One that a user had forgotten while a server has it
-- becomes known again, behind what is settled now and with a gap, and can be taken at the next look.
-- Caller: ListenerStore. Parameters: @name; @holder; @lease: interval; @gap: why it misses something when it was forgotten, in words. Returns epoch, place, failures, time until it may be called
-- again, and the gap it has not been told of or null. No row: not now. Locks its row; one that somebody else is taking is skipped.
WITH forgotten AS (
    INSERT INTO event_listeners (listener_name, registered_at, cursor_txid, cursor_event_no, cursor_count, gaps, last_gap, last_gap_at, gap_pending)
    SELECT @name::text, clock_timestamp(), pg_snapshot_xmin(pg_current_snapshot()), 0, 0, 1, @gap::text, clock_timestamp(), true
    WHERE NOT EXISTS (SELECT FROM event_listeners WHERE listener_name = @name::text)
    ON CONFLICT (listener_name) DO NOTHING
),
free AS (
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
