-- Gives the tasks of jobs the new priority of their job: what is claimed first is looked up by it. Caller: JobStore, under the lock of
-- job_lock.sql, behind task_apply_transition.sql.
UPDATE tasks AS t
SET priority = v.priority
FROM unnest(@job_ids::text[], @priorities::integer[]) AS v (job_id, priority)
WHERE t.job_id = v.job_id
