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
    min_node_count,
    max_node_count,
    idle_seconds,
    scaled_node_count,
    scaled_from,
    inactive_action,
    max_retry_count,
    failed_creations,
    cpu_per_node,
    memory_mib_per_node,
    provider_settings,
    provider_state,
    reason,
    job_id,
    task_id,
    task_no,
    keeps_trying,
    early_losses
FROM environments
WHERE env_id = @env_id::text
FOR UPDATE
