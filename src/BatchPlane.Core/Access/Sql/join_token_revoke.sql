-- Ends a token, and forgets those of the environment that ended long ago. Caller: JoinTokenStore. Row: the token, if the environment has it, ended or not.
WITH forgotten AS (
    DELETE FROM join_tokens
    WHERE env_id = @env_id::text
        AND token_id <> @token_id::text
        AND (revoked_at < clock_timestamp() - interval '30 days' OR expires_at < clock_timestamp() - interval '30 days')
)
UPDATE join_tokens
SET revoked_at = coalesce(revoked_at, clock_timestamp())
WHERE token_id = @token_id::text
    AND env_id = @env_id::text
RETURNING token_id
