-- What an agent needs to run instances of these tasks; never changes. Caller: ClaimStore.
SELECT
    task_id,
    task_name,
    instance_count,
    run
FROM tasks
WHERE task_id = ANY (@task_ids::bigint[])
