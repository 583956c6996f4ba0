-- Single attempts that a node has to end. Caller: ClaimStore. Found through the index that has nothing but such attempts: whose
-- end was asked for and who still run.
SELECT
    task_id,
    instance_index,
    attempt
FROM task_instances
WHERE terminate_reason IS NOT NULL
    AND node_id = @node_id::text
    AND node_epoch = @node_epoch::bigint
