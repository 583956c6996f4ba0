-- Forgets claims of which no attempt is held any more. Caller: ClaimStore. The grace keeps clear of claims being written.
DELETE FROM claims
WHERE claim_id IN (
    SELECT c.claim_id
    FROM claims AS c
    WHERE c.claimed_at < now() - make_interval(secs => @grace_seconds::double precision)
        AND NOT EXISTS (
            SELECT
            FROM unnest(c.indexes) AS ranges (indexes)
            JOIN task_instances AS i
                ON i.task_id = c.task_id
                AND i.instance_index >= lower(ranges.indexes)
                AND i.instance_index < upper(ranges.indexes)
                AND i.state IN ('STARTING', 'RUNNING')
                AND i.node_id = c.node_id
                AND i.node_epoch = c.node_epoch
        )
    ORDER BY c.claim_id
    LIMIT @claim_limit::integer
    FOR UPDATE SKIP LOCKED
)
