-- The environment that a token lets machines join. Caller: JoinTokenStore, when an agent joins. token_hash: SHA-256 of the token. Returns env_id and the hash; no row when
-- it is unknown, revoked or expired. Locks nothing.
SELECT
    env_id,
    token_hash
FROM join_tokens
WHERE token_hash = @token_hash::bytea
    AND revoked_at IS NULL
    AND expires_at > clock_timestamp()
