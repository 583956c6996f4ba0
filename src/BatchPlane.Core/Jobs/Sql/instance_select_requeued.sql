-- The first requeued instances of tasks, at most limit of each: those that a claim may take. Caller: JobStore, behind
-- job_lock.sql, whose lock covers them.
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
FROM unnest(@task_ids::bigint[], @limits::integer[]) AS wanted (task_id, claim_limit)
JOIN tasks AS t ON t.task_id = wanted.task_id
CROSS JOIN LATERAL (
    SELECT numbers.instance_index
    FROM unnest(t.requeued) AS ranges (indexes)
    CROSS JOIN LATERAL generate_series(lower(ranges.indexes), upper(ranges.indexes) - 1) AS numbers (instance_index)
    ORDER BY numbers.instance_index
    LIMIT wanted.claim_limit
) AS requeued
-- OFFSET 0 keeps this a look-up by key for each: as a plain join it is planned as a scan of all instances of the task.
CROSS JOIN LATERAL (
    SELECT *
    FROM task_instances AS found
    WHERE found.task_id = t.task_id
        AND found.instance_index = requeued.instance_index
    OFFSET 0
) AS i
