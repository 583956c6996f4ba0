-- Instances that reports or losses are about, by runs of consecutive indexes. Caller: JobStore, behind job_lock.sql, whose lock
-- covers them.
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
    i.failover_of,
    i.execution_source,
    i.begun_before
FROM unnest(@task_ids::bigint[], @firsts::integer[], @counts::integer[]) AS wanted (task_id, first_index, instance_count)
CROSS JOIN LATERAL (
    SELECT *
    FROM task_instances AS h
    WHERE h.task_id = wanted.task_id
        AND h.instance_index >= wanted.first_index
        AND h.instance_index < wanted.first_index + wanted.instance_count
    -- Run by run through the key, never by a scan of all instances.
    OFFSET 0
) AS i
