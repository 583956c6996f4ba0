-- Environments of a provider that are not deleted and have something to look after: of those made for one task only the ones that have nodes or are asked for some.
-- Caller: EnvironmentStore.
SELECT e.env_id
FROM environments AS e
WHERE e.provider = @provider::text
    AND e.state <> 'DELETED'
    AND (
        e.job_id IS NULL
        OR EXISTS (
            SELECT
            FROM nodes AS n
            WHERE n.env_id = e.env_id
                AND n.deleted_at IS NULL
        )
        OR EXISTS (
            SELECT
            FROM tasks AS t
            WHERE t.env_id = e.env_id
                AND t.claimable
        )
    )
ORDER BY e.env_id
