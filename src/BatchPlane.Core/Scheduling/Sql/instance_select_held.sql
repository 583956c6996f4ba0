-- Which of these attempts the node runs, or has run, under its current epoch: whose outputs it may write. Caller: ClaimStore.
-- Rows: task_id, instance_index, attempt of each.
SELECT
    i.task_id,
    i.instance_index,
    i.attempt
FROM unnest(@task_ids::bigint[], @indexes::integer[], @attempts::integer[]) AS wanted (task_id, instance_index, attempt)
JOIN task_instances AS i
    ON i.task_id = wanted.task_id
    AND i.instance_index = wanted.instance_index
    AND i.attempt = wanted.attempt
JOIN nodes AS n
    ON n.node_id = i.node_id
    AND n.epoch = i.node_epoch
WHERE n.node_id = @node_id::text
    AND n.epoch = @node_epoch::bigint
