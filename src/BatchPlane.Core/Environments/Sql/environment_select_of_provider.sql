-- Environments of a provider that are not deleted. Caller: EnvironmentStore.
SELECT env_id
FROM environments
WHERE provider = @provider::text
    AND state <> 'DELETED'
ORDER BY env_id
