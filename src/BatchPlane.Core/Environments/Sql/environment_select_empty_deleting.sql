-- Environments of any provider that are being deleted and have no node left. That they are not deleted is said for the index. Caller: EnvironmentStore.
SELECT e.env_id
FROM environments AS e
WHERE e.state = 'DELETING'
    AND e.state <> 'DELETED'
    AND NOT EXISTS (
        SELECT
        FROM nodes AS n
        WHERE n.env_id = e.env_id
            AND n.deleted_at IS NULL
    )
