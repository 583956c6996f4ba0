-- Instances that a termination ends by itself: requeued ones and those kept for inspection. Caller: JobStore, behind
-- job_lock.sql, whose lock covers them. The second arm scans a task's instances, but only of tasks that keep some.
SELECT
    i.task_id,
    i.instance_index,
    i.state,
    i.attempt,
    i.failure_count,
    i.lost_count,
    i.node_id,
    i.node_epoch,
    i.exit_code,
    i.cause,
    i.reason,
    i.launched_at,
    i.running_at,
    i.finished_at
FROM tasks AS t
CROSS JOIN LATERAL unnest(t.requeued) AS ranges (indexes)
CROSS JOIN LATERAL (
    SELECT *
    FROM task_instances AS h
    WHERE h.task_id = t.task_id
        AND h.instance_index >= lower(ranges.indexes)
        AND h.instance_index < upper(ranges.indexes)
    -- Range by range through the key, never by a scan of all instances.
    OFFSET 0
) AS i
WHERE t.job_id = ANY (@job_ids::text[])
UNION ALL
SELECT
    i.task_id,
    i.instance_index,
    i.state,
    i.attempt,
    i.failure_count,
    i.lost_count,
    i.node_id,
    i.node_epoch,
    i.exit_code,
    i.cause,
    i.reason,
    i.launched_at,
    i.running_at,
    i.finished_at
FROM tasks AS t
JOIN task_instances AS i
    ON i.task_id = t.task_id
    AND i.state = 'FAILED_INTERRUPTED'
WHERE t.job_id = ANY (@job_ids::text[])
    AND t.interrupted_count > 0
