-- Notes a call that failed. Caller: ListenerStore. Parameters: @name, @epoch; @error; @pause: interval until the next try. Returns failures in a row. No row: as
-- event_listeners_renew. Locks its row.
UPDATE event_listeners
SET failures = failures + 1,
    last_error = @error::text,
    last_failed_at = clock_timestamp(),
    retry_at = clock_timestamp() + @pause::interval
WHERE listener_name = @name::text
    AND epoch = @epoch::bigint
RETURNING failures
