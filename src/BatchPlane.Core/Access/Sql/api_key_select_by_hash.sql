-- Whose bearer key this is. Caller: ApiKeyStore, on a request whose key is not remembered.
-- key_hash: SHA-256 of the bearer key. Returns key_id, key_name, key_hash; no row when unknown or revoked. Locks nothing.
SELECT key_id, key_name, key_hash
FROM api_keys
WHERE key_hash = @key_hash::bytea
  AND revoked_at IS NULL
