-- Attempts still held under an epoch of a node that is not its current one any more: the node was given up or joined
-- again. Caller: ClaimStore. Rows: one per attempt.
SELECT
    c.node_id,
    c.node_epoch,
    c.job_id,
    c.task_id,
    i.instance_index
FROM claims AS c
JOIN nodes AS n ON n.node_id = c.node_id
CROSS JOIN LATERAL unnest(c.indexes) AS ranges (indexes)
JOIN task_instances AS i
    ON i.task_id = c.task_id
    AND i.instance_index >= lower(ranges.indexes)
    AND i.instance_index < upper(ranges.indexes)
    AND i.state IN ('STARTING', 'RUNNING')
    AND i.node_id = c.node_id
    AND i.node_epoch = c.node_epoch
WHERE n.epoch <> c.node_epoch
    OR n.state NOT IN ('RUNNING', 'DELETING')
LIMIT @attempt_limit::integer
