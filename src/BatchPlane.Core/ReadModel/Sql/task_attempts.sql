-- The last attempts of instances of a task. Caller: TaskQueries. Parameters: @task_id; @indexes. Instances that were never claimed are left out. Locks nothing.
SELECT
    instance_index,
    attempt
FROM task_instances
WHERE task_id = @task_id::bigint
    AND instance_index = ANY (@indexes::integer[])
