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
    finished_at = NULL
FROM unnest(
    @task_ids::bigint[],
    @first_indexes::integer[],
    @instance_counts::integer[]
) AS v (
    task_id,
    first_index,
    instance_count
)
WHERE i.task_id = v.task_id
    AND i.instance_index >= v.first_index
    AND i.instance_index < v.first_index + v.instance_count
    AND i.state IN ('FAILED', 'FAILED_INTERRUPTED')
