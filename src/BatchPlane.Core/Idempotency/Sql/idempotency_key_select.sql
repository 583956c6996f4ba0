-- What earlier requests with these keys made. Callers: JobStore, EnvironmentStore, IdempotencyGuard.
SELECT
    k.scope,
    k.key,
    k.body_hash,
    k.resource_id
FROM unnest(@scopes::text[], @keys::text[]) AS wanted (scope, key)
JOIN idempotency_keys AS k
    ON k.scope = wanted.scope
    AND k.key = wanted.key
