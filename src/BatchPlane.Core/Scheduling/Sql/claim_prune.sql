-- Forgets claims of which no attempt is held any more. Caller: ClaimStore. The grace keeps clear of claims being written.
DELETE FROM claims
WHERE claim_id IN (
    SELECT c.claim_id
    FROM claims AS c
    WHERE c.claimed_at < now() - make_interval(secs => @grace_seconds::double precision)
        AND NOT EXISTS (
            SELECT
            FROM unnest(c.indexes) AS ranges (indexes)
            CROSS JOIN LATERAL (
                SELECT
                FROM task_instances AS h
                WHERE h.task_id = c.task_id
                    AND h.instance_index >= lower(ranges.indexes)
                    AND h.instance_index < upper(ranges.indexes)
                    AND h.state IN ('STARTING', 'RUNNING')
                    AND h.node_id = c.node_id
                    AND h.node_epoch = c.node_epoch
                -- Range by range through the key: a flat join is planned as a scan of all instances for each claim, for minutes, and as this
                -- transaction writes, all events wait for its end.
                LIMIT 1
            ) AS held
        )
    ORDER BY c.claim_id
    LIMIT @claim_limit::integer
    FOR UPDATE SKIP LOCKED
)
