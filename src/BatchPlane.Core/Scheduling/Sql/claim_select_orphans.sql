-- Attempts still held under an epoch of a node that is not its current one any more: the node was given up, left or joined
-- again. Caller: ClaimStore. Rows: one per attempt; the last column is true when the agent of that epoch left in order.
SELECT
    c.node_id,
    c.node_epoch,
    c.job_id,
    c.task_id,
    i.instance_index,
    c.node_epoch IS NOT DISTINCT FROM n.left_epoch AS has_left
FROM claims AS c
JOIN nodes AS n ON n.node_id = c.node_id
CROSS JOIN LATERAL unnest(c.indexes) AS ranges (indexes)
CROSS JOIN LATERAL (
    SELECT
        h.instance_index,
        h.attempt
    FROM task_instances AS h
    WHERE h.task_id = c.task_id
        AND h.instance_index >= lower(ranges.indexes)
        AND h.instance_index < upper(ranges.indexes)
        AND h.state IN ('STARTING', 'RUNNING')
        AND h.node_id = c.node_id
        AND h.node_epoch = c.node_epoch
    -- Range by range through the key: a flat join is planned as a scan of all instances there ever were.
    OFFSET 0
) AS i
WHERE n.epoch <> c.node_epoch
    OR n.state NOT IN ('RUNNING', 'DELETING')
LIMIT @attempt_limit::integer
