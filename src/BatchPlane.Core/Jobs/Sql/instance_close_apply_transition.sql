-- Ends requeued instances whose task is closed, without having loaded them. Caller: JobStore, under the lock of job_lock.sql.
-- The number of rows is checked: requeued names exactly the rows that are RUNNABLE.
UPDATE task_instances AS i
SET
    state = 'FAILED',
    cause = v.cause,
    reason = v.reason,
    finished_at = v.finished_at
FROM unnest(
    @task_ids::bigint[],
    @first_indexes::integer[],
    @instance_counts::integer[],
    @causes::text[],
    @reasons::text[],
    @finished_ats::timestamptz[]
) AS v (
    task_id,
    first_index,
    instance_count,
    cause,
    reason,
    finished_at
)
WHERE i.task_id = v.task_id
    AND i.instance_index >= v.first_index
    AND i.instance_index < v.first_index + v.instance_count
    AND i.state = 'RUNNABLE'
