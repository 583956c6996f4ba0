-- Stores a token for an environment that users made and that is not going, unless it has @token_limit valid ones. Caller: JoinTokenStore.
-- Row: when it expires; none when the environment takes none.
INSERT INTO join_tokens (
    token_id,
    env_id,
    token_hash,
    description,
    created_by,
    created_at,
    expires_at
)
SELECT
    @token_id::text,
    e.env_id,
    @token_hash::bytea,
    @description::text,
    @created_by::text,
    clock_timestamp(),
    clock_timestamp() + make_interval(secs => @ttl_seconds::double precision)
FROM environments AS e
WHERE e.env_id = @env_id::text
    AND e.state IN ('CREATING', 'CREATED')
    AND e.job_id IS NULL
    AND (
        SELECT count(*)
        FROM join_tokens AS t
        WHERE t.env_id = e.env_id
            AND t.revoked_at IS NULL
            AND t.expires_at > clock_timestamp()
    ) < @token_limit::integer
FOR NO KEY UPDATE OF e
RETURNING expires_at
