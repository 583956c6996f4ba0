-- Forgets why instances ended that are tried again. Caller: JobStore, under the lock of job_lock.sql. The number of rows is checked.
DELETE FROM task_skips AS s
USING unnest(@task_ids::bigint[], @first_indexes::integer[]) AS v (task_id, first_index)
WHERE s.task_id = v.task_id
    AND s.first_index = v.first_index
