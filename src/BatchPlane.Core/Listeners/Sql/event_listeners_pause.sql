-- A user pauses a listener: what it has not confirmed yet comes again when it is resumed. Caller: ListenerStore. Parameters: @name. No row changed: there is none. Locks its row.
UPDATE event_listeners
SET paused_at = coalesce(paused_at, clock_timestamp()),
    retry_at = NULL,
    epoch = epoch + 1,
    holder = NULL,
    lease_until = NULL
WHERE listener_name = @name::text
