-- Stores what was decided about an environment. Caller: EnvironmentStore, under the lock of environment_lock.sql.
UPDATE environments
SET
    state = @state::text,
    last_sequence = @last_sequence::bigint,
    journal_txid = greatest(journal_txid, pg_current_xact_id()),
    delete_requested_at = @delete_requested_at::timestamptz,
    deleted_at = @deleted_at::timestamptz,
    provider_state = @provider_state::jsonb,
    scaled_node_count = @scaled_node_count::integer,
    scaled_from = @scaled_from::integer,
    failed_creations = @failed_creations::integer,
    early_losses = @early_losses::integer,
    reason = @reason::text
WHERE env_id = @env_id::text
