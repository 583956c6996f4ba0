-- Forgets a key that made nothing. Caller: IdempotencyGuard. Parameters: @scope, @key. Locks the row.
DELETE FROM idempotency_keys
WHERE scope = @scope::text
    AND key = @key::text
