-- Jobs that a node may hold attempts of and that are to end: somebody asked for it, or their time limit has passed. Caller: ClaimStore.
SELECT DISTINCT c.job_id
FROM claims AS c
JOIN jobs AS j ON j.job_id = c.job_id
WHERE c.node_id = @node_id::text
    AND c.node_epoch = @node_epoch::bigint
    AND (j.terminate_requested_at IS NOT NULL OR j.close_cause IS NOT NULL)
    AND j.finished_at IS NULL
