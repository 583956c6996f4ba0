-- Removes some claims of a deleted job. Caller: JobRemovalStore. Nothing writes them any more: the lock of job_lock.sql is not given for a
-- deleted job.
DELETE FROM claims
WHERE ctid = ANY (ARRAY(
    SELECT c.ctid
    FROM jobs AS j
    JOIN claims AS c ON c.job_id = j.job_id
    WHERE j.job_id = @job_id::text
        AND j.deleted_at IS NOT NULL
    LIMIT @row_limit::integer
))
