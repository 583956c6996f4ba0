-- One environment, locked against every other change of it or its nodes. FOR UPDATE and not less, so that a submit that
-- counts on the environment (FOR KEY SHARE) and its deletion exclude each other. Caller: EnvironmentStore.
SELECT
    env_id,
    env_name,
    state,
    provider,
    desired_node_count,
    slots_per_node,
    interest,
    last_sequence,
    journal_txid,
    delete_requested_at,
    deleted_at,
    is_default,
    provider_settings,
    provider_state,
    reason
FROM environments
WHERE env_id = @env_id::text
FOR UPDATE
