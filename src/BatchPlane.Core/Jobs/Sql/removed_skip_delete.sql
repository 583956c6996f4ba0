-- Removes some skips of a deleted job. Caller: JobRemovalStore. Nothing writes them any more: the lock of job_lock.sql is not given for a
-- deleted job.
DELETE FROM task_skips
WHERE ctid = ANY (ARRAY(
    SELECT s.ctid
    FROM tasks AS t
    JOIN task_skips AS s ON s.task_id = t.task_id
    WHERE t.job_id = @job_id::text
    LIMIT @row_limit::integer
))
