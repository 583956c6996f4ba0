-- Has ended instances wait for another attempt, with fresh counts, without having loaded them. Caller: JobStore, under the lock of
-- job_lock.sql. The number of rows is checked.
UPDATE task_instances AS i
SET
    state = 'RUNNABLE',
    failure_count = 0,
    lost_count = 0,
    exit_code = NULL,
    cause = NULL,
    reason = NULL,
    running_at = NULL,
    finished_at = NULL,
    failover_of = NULL,
    execution_source = 'MANUAL',
    begun_before = false
FROM (
    SELECT h.row_at
    FROM unnest(
        @task_ids::bigint[],
        @first_indexes::integer[],
        @instance_counts::integer[]
    ) AS v (
        task_id,
        first_index,
        instance_count
    )
    CROSS JOIN LATERAL (
        SELECT h.ctid AS row_at
        FROM task_instances AS h
        WHERE h.task_id = v.task_id
            AND h.instance_index >= v.first_index
            AND h.instance_index < v.first_index + v.instance_count
            AND h.state IN ('FAILED', 'FAILED_INTERRUPTED')
        -- Range by range through the key, never by a scan of all instances. The rows stay where they are: the lock keeps others from moving them.
        OFFSET 0
    ) AS h
) AS v
WHERE i.ctid = v.row_at
