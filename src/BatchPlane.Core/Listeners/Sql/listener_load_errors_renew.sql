-- Says that a server lives which could not load something. Caller: ListenerStore, every renewal. Parameters: @holder, @lease: interval. Locks its rows.
UPDATE listener_load_errors
SET alive_until = clock_timestamp() + @lease::interval
WHERE holder = @holder::text
