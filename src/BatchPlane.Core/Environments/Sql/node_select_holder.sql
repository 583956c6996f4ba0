-- Environment, epoch and state of one node. Caller: EnvironmentStore.
SELECT
    env_id,
    epoch,
    state
FROM nodes
WHERE node_id = @node_id::text
