-- Instances that are kept for inspection, which a termination releases, as ranges. Caller: JobStore, behind job_lock.sql, whose lock
-- covers them. Scans a task's instances, but only of tasks that keep some.
SELECT
    i.task_id,
    range_agg(int4range(i.instance_index, i.instance_index + 1)) AS indexes
FROM tasks AS t
JOIN task_instances AS i
    ON i.task_id = t.task_id
    AND i.state = 'FAILED_INTERRUPTED'
WHERE t.job_id = ANY (@job_ids::text[])
    AND t.interrupted_count > 0
GROUP BY i.task_id
