-- Tasks of an environment with instances to claim, best first. Caller: ClaimStore. No locks: what it says is a proposal.
SELECT
    job_id,
    task_id,
    priority,
    claimable_count
FROM tasks
WHERE env_id = @env_id::text
    AND claimable
ORDER BY
    priority DESC,
    task_id
LIMIT @task_limit::integer
