-- The environment that users made with an id or a name, or the default one when nothing is named, unless deleted. Caller: EnvironmentStore.
SELECT env_id
FROM environments
WHERE state <> 'DELETED'
    AND job_id IS NULL
    AND CASE
        WHEN @id_or_name::text IS NULL THEN is_default
        ELSE env_id = @id_or_name::text OR env_name = @id_or_name::text
    END
ORDER BY env_id = @id_or_name::text DESC
LIMIT 1
