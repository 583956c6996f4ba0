-- Environments made for a task that has ended, or has another one in its present life. Once so it stays so: only a retry lets a task begin anew, and then it gets
-- another environment, unless it is FAILED_INTERRUPTED, which keeps the nodes for inspection. Caller: EnvironmentStore. No locks.
SELECT e.env_id
FROM environments AS e
WHERE e.job_id IS NOT NULL
    AND e.state <> 'DELETED'
    AND e.state IN ('CREATING', 'CREATED')
    AND NOT EXISTS (
        SELECT
        FROM tasks AS t
        WHERE t.task_id = e.task_id
            AND t.env_id = e.env_id
            AND t.state NOT IN ('SUCCEED', 'FAILED')
    )
ORDER BY e.env_id
LIMIT @environment_limit::integer
