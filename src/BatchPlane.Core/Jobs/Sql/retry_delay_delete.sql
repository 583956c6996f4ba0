-- Ends the waits of consecutive instances: their time has come, or their task is closed. Caller: JobStore, under the lock of
-- job_lock.sql. The number of rows is checked: delayed names exactly those that there are.
DELETE FROM retry_delays AS d
USING unnest(
    @task_ids::bigint[],
    @first_indexes::integer[],
    @instance_counts::integer[]
) AS v (
    task_id,
    first_index,
    instance_count
)
WHERE d.task_id = v.task_id
    AND d.instance_index >= v.first_index
    AND d.instance_index < v.first_index + v.instance_count
