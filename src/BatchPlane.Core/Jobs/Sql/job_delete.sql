-- Makes ended jobs invisible; JobRemover removes them. Caller: JobStore, under the lock of job_lock.sql. The number of rows is checked.
UPDATE jobs AS j
SET deleted_at = v.deleted_at
FROM unnest(@job_ids::text[], @deleted_ats::timestamptz[]) AS v (job_id, deleted_at)
WHERE j.job_id = v.job_id
    AND j.deleted_at IS NULL
