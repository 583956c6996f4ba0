-- Stores a key under a fixed id, replacing what was there. Caller: ApiKeyStore, at start, for the configured key.
-- key_hash: SHA-256 of the bearer key; secret_encrypted: see InstallationKey. Locks the row of the key.
INSERT INTO api_keys (key_id, key_name, key_hash, secret_id, secret_encrypted, created_at)
VALUES (@key_id::text, @key_name::text, @key_hash::bytea, @secret_id::text, @secret_encrypted::bytea, now())
ON CONFLICT (key_id) DO UPDATE
SET key_name = excluded.key_name,
    key_hash = excluded.key_hash,
    secret_id = excluded.secret_id,
    secret_encrypted = excluded.secret_encrypted,
    revoked_at = NULL
