-- Environments of any provider that are being deleted and have no node left. Caller: EnvironmentStore.
SELECT e.env_id
FROM environments AS e
WHERE e.state = 'DELETING'
    AND NOT EXISTS (
        SELECT
        FROM nodes AS n
        WHERE n.env_id = e.env_id
            AND n.deleted_at IS NULL
    )
