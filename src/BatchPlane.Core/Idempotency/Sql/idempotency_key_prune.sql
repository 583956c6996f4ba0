-- Forgets old idempotency keys. Caller: IdempotencyGuard.
DELETE FROM idempotency_keys
WHERE (scope, key) IN (
    SELECT
        k.scope,
        k.key
    FROM idempotency_keys AS k
    WHERE k.created_at < now() - make_interval(hours => @retention_hours::integer)
    ORDER BY k.created_at
    LIMIT @key_limit::integer
)
