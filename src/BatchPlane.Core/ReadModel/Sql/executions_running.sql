-- Attempts that nodes hold now, in the order of their claims. Caller: ExecutionQueries. Parameters, null: any: @job_id; @job_name: exactly; @job_name_pattern: as in LIKE; @env_id, of the node; @task_no;
-- @instance_index; @attempt; @node_id; @host: name or IP address of the node's host; @execution_sources; @started_since, @started_until: when the command began, those left out whose did not.
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
    t.task_no,
    n.env_id,
    n.host_name,
    n.address
FROM claims AS c
JOIN tasks AS t ON t.task_id = c.task_id
JOIN jobs AS j ON j.job_id = c.job_id
LEFT JOIN nodes AS n ON n.node_id = c.node_id
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
    AND (@job_name::text IS NULL OR j.job_name = @job_name::text)
    AND (@job_name_pattern::text IS NULL OR j.job_name LIKE @job_name_pattern::text)
    AND (@env_id::text IS NULL OR n.env_id = @env_id::text)
    AND (@task_no::integer IS NULL OR t.task_no = @task_no::integer)
    AND (@instance_index::integer IS NULL OR i.instance_index = @instance_index::integer)
    AND (@attempt::integer IS NULL OR i.attempt = @attempt::integer)
    AND (@node_id::text IS NULL OR c.node_id = @node_id::text)
    AND (@host::text IS NULL OR n.address = @host::text OR lower(n.host_name) = lower(@host::text))
    AND (
        @execution_sources::text[] IS NULL
        OR CASE
            WHEN i.failover_of IS NOT NULL THEN 'FAILOVER'
            WHEN i.execution_source IS NOT NULL THEN i.execution_source
            WHEN i.attempt <= 1 THEN 'NORMAL_TRIGGER'
            ELSE 'RETRY'
        END = ANY (@execution_sources::text[])
    )
    AND (@started_since::timestamptz IS NULL OR i.running_at >= @started_since::timestamptz)
    AND (@started_until::timestamptz IS NULL OR i.running_at < @started_until::timestamptz)
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
