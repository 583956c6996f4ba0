-- Notes that the end of single instances is wished which nodes hold. Caller: JobStore, under the lock of job_lock.sql, behind the
-- statements that write their states. The number of rows is checked.
UPDATE task_instances AS i
SET terminate_reason = v.terminate_reason
FROM unnest(
    @task_ids::bigint[],
    @indexes::integer[],
    @terminate_reasons::text[]
) AS v (
    task_id,
    instance_index,
    terminate_reason
)
WHERE i.task_id = v.task_id
    AND i.instance_index = v.instance_index
    AND i.state IN ('STARTING', 'RUNNING')
