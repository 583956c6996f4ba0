-- Nodes of an environment that are not deleted. FOR UPDATE: claims and reports (FOR KEY SHARE) wait, so that a node's
-- epoch does not end under them. Caller: EnvironmentStore, behind environment_lock.sql.
SELECT
    node_id,
    env_id,
    state,
    epoch,
    origin,
    instance_id,
    provider_host,
    host_name,
    agent_version,
    cpu,
    memory_gib,
    slots,
    reason,
    failures,
    lease_until,
    resource_created_at,
    created_at,
    state_since,
    deleted_at,
    memory_mib,
    busy_slots,
    idle_since,
    starting_until,
    container_engine,
    kept_attempts,
    work_directory,
    limits,
    promised_cpu_millis,
    promised_memory_mib,
    address,
    join_id
FROM nodes
WHERE env_id = @env_id::text
    AND deleted_at IS NULL
ORDER BY node_id
FOR UPDATE
