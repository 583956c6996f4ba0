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
JOIN task_instances AS i
    ON i.task_id = c.task_id
    AND i.instance_index >= lower(ranges.indexes)
    AND i.instance_index < upper(ranges.indexes)
    AND i.state IN ('STARTING', 'RUNNING')
    AND i.node_id = c.node_id
    AND i.node_epoch = c.node_epoch
WHERE c.node_id = @node_id::text
    AND c.node_epoch = @node_epoch::bigint
    AND c.claim_id <> ALL (@known::bigint[])
    AND c.claimed_at < now() - make_interval(secs => @grace_seconds::double precision)
ORDER BY
    c.claim_id,
    i.instance_index
