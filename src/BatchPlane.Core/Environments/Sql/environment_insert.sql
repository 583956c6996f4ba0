-- Stores a new environment, already opened. Caller: EnvironmentStore. No row when the name or the default is taken.
INSERT INTO environments (
    env_id,
    env_name,
    env_description,
    state,
    provider,
    is_default,
    desired_node_count,
    slots_per_node,
    provider_settings,
    notifications,
    interest,
    tags,
    created_by,
    traceparent,
    last_sequence,
    journal_txid,
    created_at
)
VALUES (
    @env_id::text,
    @env_name::text,
    @env_description::text,
    @state::text,
    @provider::text,
    @is_default::boolean,
    @desired_node_count::integer,
    @slots_per_node::integer,
    @provider_settings::jsonb,
    @notifications::jsonb,
    @interest::integer[],
    @tags::jsonb,
    @created_by::text,
    @traceparent::text,
    @last_sequence::bigint,
    pg_current_xact_id(),
    @now::timestamptz
)
ON CONFLICT DO NOTHING
RETURNING env_id
