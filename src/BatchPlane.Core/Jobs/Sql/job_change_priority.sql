-- Changes the priority of jobs. Caller: JobStore, under the lock of job_lock.sql. The number of rows is checked.
UPDATE jobs AS j
SET priority = v.priority
FROM unnest(@job_ids::text[], @priorities::integer[]) AS v (job_id, priority)
WHERE j.job_id = v.job_id
