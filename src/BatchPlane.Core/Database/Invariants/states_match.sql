-- Must hold: a task's state follows from its counters and a job's state from its tasks. A task has ended when all its
-- instances have, FAILED_INTERRUPTED before FAILED before SUCCEED; a job likewise when all its tasks have, those apart that were
-- not needed. Before that: no node holds anything up to RUNNABLE, and running_at is set in RUNNING, in the job's current life.
-- Caller: whoever checks the database. Rows: one per task or job whose state is wrong. Reads everything in one snapshot; no locks.
WITH task_states AS (
    SELECT
        t.*,
        CASE
            WHEN succeed_count + failed_count + interrupted_count < instance_count THEN
                CASE
                    WHEN running_at IS NOT NULL THEN array['RUNNING']
                    WHEN starting_count > 0 THEN array['STARTING']
                    ELSE array['PENDING', 'RUNNABLE', 'STARTING']
                END
            WHEN interrupted_count > 0 THEN array['FAILED_INTERRUPTED']
            WHEN failed_count > 0 THEN array['FAILED']
            ELSE array['SUCCEED']
        END AS possible
    FROM tasks AS t
),
job_states AS (
    SELECT
        j.job_id,
        j.state,
        CASE
            WHEN count(t.task_id) = 0 THEN array['nothing: it has none']
            WHEN bool_or(t.finished_at IS NULL) THEN
                CASE
                    WHEN bool_or(t.running_at >= coalesce(j.retried_at, '-infinity')) THEN array['RUNNING']
                    WHEN bool_or(t.state = 'STARTING') THEN array['STARTING']
                    -- A task may have been claimed and have ended without ever having run.
                    WHEN bool_or(t.finished_at >= coalesce(j.retried_at, '-infinity')) THEN array['RUNNABLE', 'STARTING']
                    ELSE array['RUNNABLE']
                END
            WHEN bool_or(t.state = 'FAILED_INTERRUPTED') THEN array['FAILED_INTERRUPTED']
            WHEN bool_or(t.state = 'FAILED' AND t.cause <> 'not_needed') THEN array['FAILED']
            ELSE array['SUCCEED']
        END AS possible
    FROM jobs AS j
    LEFT JOIN tasks AS t ON t.job_id = j.job_id
    GROUP BY j.job_id
)
SELECT
    job_id || ', task ' || task_no AS subject,
    state || ', its counters say ' || array_to_string(possible, ' or ') AS problem
FROM task_states
WHERE state <> ALL (possible)
UNION ALL
SELECT
    job_id,
    state || ', its tasks say ' || array_to_string(possible, ' or ')
FROM job_states
WHERE state <> ALL (possible)
UNION ALL
SELECT
    t.job_id || ', task ' || t.task_no,
    'belongs to no job'
FROM tasks AS t
WHERE NOT EXISTS (
    SELECT
    FROM jobs AS j
    WHERE j.job_id = t.job_id
)
