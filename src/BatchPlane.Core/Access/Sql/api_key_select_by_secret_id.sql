-- The secret behind a signed request. Caller: ApiKeyStore.
-- Returns key_id, key_name, secret_encrypted; no row when unknown or revoked. Locks nothing.
SELECT key_id, key_name, secret_encrypted
FROM api_keys
WHERE secret_id = @secret_id::text
  AND revoked_at IS NULL
