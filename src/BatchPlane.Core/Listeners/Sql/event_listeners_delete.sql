-- Forgets a listener and its place, unless a server runs it. Caller: ListenerStore. Parameters: @name. No row: there is none; else whether it is gone. Locks its row.
WITH found AS (
    SELECT
        listener_name,
        coalesce(lease_until > clock_timestamp(), false) AS is_run
    FROM event_listeners
    WHERE listener_name = @name::text
    FOR UPDATE
),
deleted AS (
    DELETE FROM event_listeners AS l
    USING found
    WHERE l.listener_name = found.listener_name
        AND NOT found.is_run
)
SELECT NOT is_run
FROM found
