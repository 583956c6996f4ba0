-- Notes that a server could not load a listener; makes it known when it is not, with its place behind what is settled now.
-- Caller: ListenerStore. Parameters: @name, @error. Locks its row.
INSERT INTO event_listeners AS l (listener_name, registered_at, cursor_txid, cursor_event_no, cursor_count, load_error)
VALUES (@name::text, clock_timestamp(), pg_snapshot_xmin(pg_current_snapshot()), 0, 0, @error::text)
ON CONFLICT (listener_name) DO UPDATE
SET load_error = excluded.load_error
