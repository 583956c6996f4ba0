-- Stores that a user wishes for fewer nodes, as he ended some. Caller: EnvironmentStore, under the lock of environment_lock.sql.
UPDATE environments
SET desired_node_count = @desired_node_count::integer
WHERE env_id = @env_id::text
