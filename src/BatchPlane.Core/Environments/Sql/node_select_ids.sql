-- Nodes of an environment that are not deleted, as they are at this moment. Caller: EnvironmentStore. No locks.
SELECT node_id
FROM nodes
WHERE env_id = @env_id::text
    AND deleted_at IS NULL
ORDER BY node_id
