-- Tasks of an environment with instances to claim, best first. Caller: ClaimStore. No locks: what it says is a proposal.
SELECT
    job_id,
    task_id,
    priority,
    least(
        instance_count - next_index + (
            SELECT coalesce(sum(upper(ranges.indexes) - lower(ranges.indexes)), 0)
            FROM unnest(requeued) AS ranges (indexes)
        ),
        coalesce(max_concurrent_num, 2147483647) - starting_count - running_count
    )::integer AS claimable_count
FROM tasks
WHERE env_id = @env_id::text
    AND claimable
ORDER BY
    priority DESC,
    task_id
LIMIT @task_limit::integer
