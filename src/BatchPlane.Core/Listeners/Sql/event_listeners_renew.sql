-- Renews a lease. Caller: ListenerStore. Parameters: @name, @epoch; @lease: interval. No row changed: it was taken over, paused, or its place was moved. Locks its row.
UPDATE event_listeners
SET lease_until = clock_timestamp() + @lease::interval
WHERE listener_name = @name::text
    AND epoch = @epoch::bigint
