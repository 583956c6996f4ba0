-- Instances that reports or losses are about, by their keys. Caller: JobStore, behind job_lock.sql, whose lock covers them.
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
FROM unnest(@task_ids::bigint[], @indexes::integer[]) AS wanted (task_id, instance_index)
JOIN task_instances AS i
    ON i.task_id = wanted.task_id
    AND i.instance_index = wanted.instance_index
