-- Attempts that nodes hold now, in the order of their claims. Caller: ExecutionQueries. Parameters: @job_id, @task_name, @node_id: null: any; @instance_index: null: any;
-- @claim_id, @after_index: where the page before ended; @row_limit. Locks nothing.
-- By claims, which are few and pruned: there is no index on task_instances by state. An instance that a node got twice is in both claims; the later one counts.
SELECT
    c.claim_id,
    c.job_id,
    j.job_name,
    t.task_name,
    i.instance_index,
    i.attempt,
    i.failover_of,
    i.node_id,
    i.launched_at,
    i.running_at,
    i.execution_source,
    t.task_no
FROM claims AS c
JOIN tasks AS t ON t.task_id = c.task_id
JOIN jobs AS j ON j.job_id = c.job_id
CROSS JOIN LATERAL unnest(c.indexes) AS granted
JOIN task_instances AS i
    ON i.task_id = c.task_id
    AND i.instance_index >= lower(granted)
    AND i.instance_index < upper(granted)
    AND i.node_id = c.node_id
    AND i.node_epoch = c.node_epoch
WHERE i.state IN ('STARTING', 'RUNNING')
    AND j.deleted_at IS NULL
    AND (@job_id::text IS NULL OR c.job_id = @job_id::text)
    AND (@node_id::text IS NULL OR c.node_id = @node_id::text)
    AND (@task_name::text IS NULL OR t.task_name = @task_name::text)
    AND (@instance_index::integer IS NULL OR i.instance_index = @instance_index::integer)
    AND (c.claim_id, i.instance_index) > (@claim_id::bigint, @after_index::integer)
    AND c.claim_id >= @claim_id::bigint
    AND NOT EXISTS (
        SELECT
        FROM claims AS later
        WHERE later.node_id = c.node_id
            AND later.node_epoch = c.node_epoch
            AND later.task_id = c.task_id
            AND later.claim_id > c.claim_id
            AND later.indexes @> i.instance_index
    )
ORDER BY c.claim_id, i.instance_index
LIMIT @row_limit::integer
