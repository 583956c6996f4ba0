-- Notes how what began for a node has ended; nothing when it has ended already. Caller: EnvironmentStore, under the lock of environment_lock.sql.
UPDATE activities
SET
    state = @state::text,
    reason = @reason::text,
    ended_at = @ended_at::timestamptz
WHERE node_id = @node_id::text
    AND activity_type = @activity_type::text
    AND ended_at IS NULL
