-- Claims of a node whose task takes no more and has not ended: what is held by them is to end. Caller: ClaimStore.
SELECT c.claim_id
FROM claims AS c
JOIN tasks AS t ON t.task_id = c.task_id
WHERE c.node_id = @node_id::text
    AND c.node_epoch = @node_epoch::bigint
    AND t.close_cause IS NOT NULL
    AND t.finished_at IS NULL
