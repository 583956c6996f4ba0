-- Until when instances wait, by their keys. Caller: JobStore, behind job_lock.sql, whose lock covers them.
SELECT
    d.job_id,
    d.task_id,
    d.instance_index,
    d.due_at
FROM unnest(@task_ids::bigint[], @indexes::integer[]) AS wanted (task_id, instance_index)
JOIN retry_delays AS d
    ON d.task_id = wanted.task_id
    AND d.instance_index = wanted.instance_index
