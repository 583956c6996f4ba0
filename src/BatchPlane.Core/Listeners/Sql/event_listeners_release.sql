-- Gives a listener back, so that another server takes it at once. Caller: ListenerStore. Parameters: @name, @epoch. Changes nothing when it was taken over. Locks its row.
UPDATE event_listeners
SET holder = NULL,
    lease_until = NULL
WHERE listener_name = @name::text
    AND epoch = @epoch::bigint
