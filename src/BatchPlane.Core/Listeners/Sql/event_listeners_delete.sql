-- Forgets a listener and its place, unless a server runs it, and what servers said of not being able to load it. Caller: ListenerStore. Parameters: @name. No row: there is nothing of that name;
-- else whether it is gone. Locks its rows.
WITH found AS (
    SELECT coalesce(lease_until > clock_timestamp(), false) AS is_run
    FROM event_listeners
    WHERE listener_name = @name::text
    FOR UPDATE
),
deleted AS (
    DELETE FROM event_listeners
    WHERE listener_name = @name::text
        AND (SELECT NOT is_run FROM found)
),
errors AS (
    DELETE FROM listener_load_errors
    WHERE plug_in = @name::text
        AND coalesce((SELECT NOT is_run FROM found), true)
    RETURNING 1
)
SELECT coalesce((SELECT NOT is_run FROM found), true)
WHERE EXISTS (SELECT FROM found)
    OR EXISTS (SELECT FROM errors)
