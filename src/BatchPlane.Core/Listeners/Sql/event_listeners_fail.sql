-- Notes a call that failed; pauses the listener at the last one that is allowed. Caller: ListenerStore. Parameters: @name, @epoch; @error; @pause: interval until the next try;
-- @max_failures. Returns failures and whether it is paused. No row: as event_listeners_renew. Locks its row.
UPDATE event_listeners
SET failures = failures + 1,
    last_error = @error::text,
    last_failed_at = clock_timestamp(),
    retry_at = CASE WHEN failures + 1 < @max_failures::integer THEN clock_timestamp() + @pause::interval END,
    paused_at = CASE WHEN failures + 1 >= @max_failures::integer THEN clock_timestamp() END
WHERE listener_name = @name::text
    AND epoch = @epoch::bigint
RETURNING failures, paused_at IS NOT NULL
