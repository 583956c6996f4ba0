-- Attempts a node holds by claims it does not know of: their grant was lost on the way. Claims younger than the grace may
-- still be on the way. Caller: ClaimStore. Rows: one per attempt, in order.
SELECT
    c.claim_id,
    c.job_id,
    c.task_id,
    i.instance_index,
    i.attempt
FROM claims AS c
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
WHERE c.node_id = @node_id::text
    AND c.node_epoch = @node_epoch::bigint
    AND c.claim_id <> ALL (@known::bigint[])
    AND c.claimed_at < now() - make_interval(secs => @grace_seconds::double precision)
ORDER BY
    c.claim_id,
    i.instance_index
