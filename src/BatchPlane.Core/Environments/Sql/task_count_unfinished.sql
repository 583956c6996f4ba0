-- Tasks that still need an environment. Caller: EnvironmentStore, under the lock of environment_lock.sql.
SELECT count(*)
FROM tasks
WHERE env_id = @env_id::text
    AND finished_at IS NULL
