-- A server stops: what it could not load is nothing to be shown any more. Caller: ListenerStore. Parameters: @holder. Locks its rows.
DELETE FROM listener_load_errors
WHERE holder = @holder::text
