-- Removes some claims of a deleted job. Caller: JobRemovalStore. Nothing writes them any more: the lock of job_lock.sql is not given for a
-- deleted job.
DELETE FROM claims
WHERE ctid = ANY (ARRAY(
    SELECT c.ctid
    FROM claims AS c
    WHERE c.job_id = @job_id::text
    LIMIT @row_limit::integer
))
