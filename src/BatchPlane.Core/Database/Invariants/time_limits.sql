-- Must hold: what has a time limit and runs expires at its time, what has none, does not run yet, is closed or has ended never does.
-- A task or job that should expire and does not would run for ever.
-- Caller: whoever checks the database. Rows: one per task or job that expires wrongly. Reads everything in one snapshot; no locks.
WITH limits AS (
    SELECT
        job_id || ', task ' || task_no AS subject,
        expires_at,
        CASE WHEN close_cause IS NULL AND finished_at IS NULL THEN running_at + make_interval(secs => time_limit) END AS expected
    FROM tasks
    UNION ALL
    SELECT
        job_id,
        expires_at,
        CASE WHEN close_cause IS NULL AND terminate_requested_at IS NULL AND finished_at IS NULL THEN running_at + make_interval(secs => time_limit) END
    FROM jobs
)
SELECT
    subject,
    'expires at ' || coalesce(expires_at::text, 'no time') || ' instead of ' || coalesce(expected::text, 'never') AS problem
FROM limits
WHERE expires_at IS DISTINCT FROM expected
