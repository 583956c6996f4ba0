-- Must hold: the environment of a task that has one of its own was made for that task, and takes work while the task needs it: until it is SUCCEED or FAILED.
-- Deleted jobs apart, whose parts go one after the other. No environment belongs to a job that is not there.
-- Caller: whoever checks the database. Rows: one per task or environment that is wrong. Reads everything in one snapshot; no locks.
SELECT
    t.job_id || ', task ' || t.task_no AS subject,
    'its environment ' || t.env_id || CASE
        WHEN e.env_id IS NULL THEN ' does not exist'
        WHEN e.task_id IS DISTINCT FROM t.task_id OR e.job_id <> t.job_id THEN ' was not made for it'
        ELSE ' is ' || e.state
    END AS problem
FROM tasks AS t
JOIN jobs AS j ON j.job_id = t.job_id
LEFT JOIN environments AS e ON e.env_id = t.env_id
WHERE t.owns_env
    AND j.deleted_at IS NULL
    AND (
        e.env_id IS NULL
        OR e.task_id IS DISTINCT FROM t.task_id
        OR e.job_id <> t.job_id
        OR (t.state NOT IN ('SUCCEED', 'FAILED') AND e.state NOT IN ('CREATING', 'CREATED'))
    )
UNION ALL
SELECT
    e.env_id,
    'was made for a task of ' || e.job_id || ', which does not exist'
FROM environments AS e
WHERE e.job_id IS NOT NULL
    AND NOT EXISTS (
        SELECT
        FROM jobs AS j
        WHERE j.job_id = e.job_id
    )
