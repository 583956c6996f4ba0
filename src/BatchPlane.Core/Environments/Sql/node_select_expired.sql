-- Nodes whose lease ran out, and attached nodes that are to go and whose agent went without a word. Caller: EnvironmentStore.
SELECT
    node_id,
    env_id
FROM nodes
WHERE lease_until < clock_timestamp()
    AND (state = 'RUNNING' OR (state = 'DELETING' AND origin = 'USER_ATTACHED'))
    AND deleted_at IS NULL
ORDER BY env_id
LIMIT @node_limit::integer
