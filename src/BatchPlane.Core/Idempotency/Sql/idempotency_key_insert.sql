-- Takes idempotency keys; waits for a transaction that is just taking the same one. Callers: JobStore, EnvironmentStore.
-- Rows: the keys taken now; the others were used before. Arrays are sorted by scope and key, so that nobody deadlocks.
INSERT INTO idempotency_keys (
    scope,
    key,
    body_hash,
    resource_id,
    created_at
)
SELECT
    v.scope,
    v.key,
    v.body_hash,
    v.resource_id,
    clock_timestamp()
FROM unnest(
    @scopes::text[],
    @keys::text[],
    @body_hashes::bytea[],
    @resource_ids::text[]
) AS v (
    scope,
    key,
    body_hash,
    resource_id
)
ON CONFLICT DO NOTHING
RETURNING
    scope,
    key
