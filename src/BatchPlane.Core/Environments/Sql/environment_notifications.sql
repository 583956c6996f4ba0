-- What an environment's notifications ask for, to be looked at with other tags. Caller: EnvironmentStore, under the lock of environment_lock.sql. Parameters: @env_id.
-- One row: the notifications as JSON. Locks nothing more.
SELECT notifications::text
FROM environments
WHERE env_id = @env_id::text
