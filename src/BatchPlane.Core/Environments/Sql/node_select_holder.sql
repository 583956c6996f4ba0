-- Environment, epoch, state and size of one node. Caller: EnvironmentStore.
SELECT
    env_id,
    epoch,
    state,
    slots,
    cpu,
    memory_mib,
    container_engine IS NOT NULL AS has_container_engine
FROM nodes
WHERE node_id = @node_id::text
