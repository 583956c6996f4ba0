-- Environment, epoch, state and size of one node. Caller: EnvironmentStore.
SELECT
    env_id,
    epoch,
    state,
    slots,
    cpu,
    memory_mib
FROM nodes
WHERE node_id = @node_id::text
