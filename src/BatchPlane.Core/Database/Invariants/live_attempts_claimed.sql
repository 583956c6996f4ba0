-- Must hold: every attempt that a node holds is covered by a claim of that node and epoch, so that it is found when the node is
-- lost; and no node holds attempts under an epoch that it never had.
-- Caller: whoever checks the database. Rows: one per attempt. Reads everything in one snapshot; no locks.
SELECT
    t.job_id || ', task ' || t.task_no || ', instance ' || i.instance_index AS subject,
    i.state || ' on ' || i.node_id || ' epoch ' || i.node_epoch || CASE
        WHEN n.node_id IS NULL THEN ', which does not exist'
        WHEN n.epoch < i.node_epoch THEN ', whose epoch is only ' || n.epoch
        ELSE ' without a claim'
    END AS problem
FROM task_instances AS i
JOIN tasks AS t ON t.task_id = i.task_id
LEFT JOIN nodes AS n ON n.node_id = i.node_id
WHERE i.state IN ('STARTING', 'RUNNING')
    AND (
        n.node_id IS NULL
        OR n.epoch < i.node_epoch
        OR NOT EXISTS (
            SELECT
            FROM claims AS c
            WHERE c.node_id = i.node_id
                AND c.node_epoch = i.node_epoch
                AND c.task_id = i.task_id
                AND c.indexes @> i.instance_index
        )
    )
