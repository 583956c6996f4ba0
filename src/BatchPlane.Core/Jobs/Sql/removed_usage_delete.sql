-- Removes some usage of attempts of a deleted job. Caller: JobRemovalStore. Nothing writes them any more: the lock of job_lock.sql is not given for a
-- deleted job.
DELETE FROM attempt_usage
WHERE ctid = ANY (ARRAY(
    SELECT u.ctid
    FROM jobs AS j
    JOIN tasks AS t ON t.job_id = j.job_id
    JOIN attempt_usage AS u ON u.task_id = t.task_id
    WHERE j.job_id = @job_id::text
        AND j.deleted_at IS NOT NULL
    LIMIT @row_limit::integer
))
