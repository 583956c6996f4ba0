-- Instances that are kept for inspection, which a termination releases. Caller: JobStore, behind job_lock.sql, whose lock
-- covers them. Scans a task's instances, but only of tasks that keep some.
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
    i.finished_at,
    i.terminate_reason,
    i.failover_of
FROM tasks AS t
JOIN task_instances AS i
    ON i.task_id = t.task_id
    AND i.state = 'FAILED_INTERRUPTED'
WHERE t.job_id = ANY (@job_ids::text[])
    AND t.interrupted_count > 0
