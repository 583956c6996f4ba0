-- Gives tasks that begin another life the environments made for it. Caller: JobStore, under the lock of job_lock.sql. The number of rows is checked.
UPDATE tasks AS t
SET env_id = v.new_env_id
FROM unnest(@task_ids::bigint[], @new_env_ids::text[]) AS v (task_id, new_env_id)
WHERE t.task_id = v.task_id
    AND t.owns_env
