-- What is due: instances whose wait is over (task_id and instance_index given), and jobs of which a time limit has passed,
-- their own or a task's, or the deadline, or a task's time to tell its progress (both null). Caller: DueStore. No locks: what it says is looked at again under the job's lock.
(
    SELECT
        job_id,
        task_id,
        instance_index
    FROM retry_delays
    WHERE due_at <= clock_timestamp()
    ORDER BY due_at
    LIMIT @due_limit::integer
)
UNION ALL
(
    SELECT
        job_id,
        NULL,
        NULL
    FROM tasks
    WHERE expires_at <= clock_timestamp()
    ORDER BY expires_at
    LIMIT @due_limit::integer
)
UNION ALL
(
    SELECT
        job_id,
        NULL,
        NULL
    FROM jobs
    WHERE expires_at <= clock_timestamp()
    ORDER BY expires_at
    LIMIT @due_limit::integer
)
UNION ALL
(
    SELECT
        job_id,
        NULL,
        NULL
    FROM jobs
    WHERE due_at <= clock_timestamp()
    ORDER BY due_at
    LIMIT @due_limit::integer
)
UNION ALL
(
    SELECT
        job_id,
        NULL,
        NULL
    FROM tasks
    WHERE progress_due_at <= clock_timestamp()
    ORDER BY progress_due_at
    LIMIT @due_limit::integer
)
