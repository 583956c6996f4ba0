-- What messages about environments carry beyond the journal row.
-- Caller: MessageContextStore. Parameters: @env_ids. Returns one row for each environment that exists, deleted ones too. Locks nothing.
SELECT
    env_id,
    env_name,
    created_at,
    notifications::text,
    traceparent,
    tags::text,
    region
FROM environments
WHERE env_id = ANY (@env_ids::text[]);
