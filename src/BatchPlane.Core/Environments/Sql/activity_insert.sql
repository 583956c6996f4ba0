-- Notes what begins or was done at once. Caller: EnvironmentStore, under the lock of environment_lock.sql.
INSERT INTO activities (
    activity_id,
    env_id,
    node_id,
    instance_id,
    activity_type,
    state,
    cause,
    reason,
    started_at,
    ended_at
)
VALUES (
    @activity_id::text,
    @env_id::text,
    @node_id::text,
    @instance_id::text,
    @activity_type::text,
    @state::text,
    @cause::text,
    @reason::text,
    @started_at::timestamptz,
    @ended_at::timestamptz
)
