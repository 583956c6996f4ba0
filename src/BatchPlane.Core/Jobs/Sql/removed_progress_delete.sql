-- Removes some progress of instances of a deleted job. Caller: JobRemovalStore. Nothing writes them any more: the lock of job_lock.sql is not given for a
-- deleted job.
DELETE FROM instance_progress
WHERE ctid = ANY (ARRAY(
    SELECT p.ctid
    FROM tasks AS t
    JOIN instance_progress AS p ON p.task_id = t.task_id
    WHERE t.job_id = @job_id::text
    LIMIT @row_limit::integer
))
