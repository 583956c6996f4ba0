-- Stores what a user wishes of an environment, all of it. Caller: EnvironmentStore, under the lock of environment_lock.sql.
UPDATE environments
SET
    env_name = coalesce(@env_name::text, env_name),
    env_description = coalesce(@env_description::text, env_description),
    tags = coalesce(@tags::jsonb, tags),
    interest = coalesce(@interest::integer[], interest),
    desired_node_count = @desired_node_count::integer,
    min_node_count = @min_node_count::integer,
    max_node_count = @max_node_count::integer,
    idle_seconds = @idle_seconds::integer,
    inactive_action = @inactive_action::text,
    max_retry_count = @max_retry_count::integer
WHERE env_id = @env_id::text
