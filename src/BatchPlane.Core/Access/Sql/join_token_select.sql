-- Tokens of an environment that are neither revoked nor expired, the newest first. Caller: JoinTokenStore. Locks nothing.
SELECT
    token_id,
    description,
    created_by,
    created_at,
    expires_at
FROM join_tokens
WHERE env_id = @env_id::text
    AND revoked_at IS NULL
    AND expires_at > clock_timestamp()
ORDER BY
    created_at DESC,
    token_id
