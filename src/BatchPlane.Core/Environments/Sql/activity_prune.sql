-- Forgets activities that ended long ago, so many at once. Caller: EnvironmentStore. Skips what another server forgets.
DELETE FROM activities
WHERE activity_id IN (
    SELECT activity_id
    FROM activities
    WHERE ended_at < clock_timestamp() - make_interval(days => @retention_days::integer)
    ORDER BY ended_at
    LIMIT @activity_limit::integer
    FOR UPDATE SKIP LOCKED
)
