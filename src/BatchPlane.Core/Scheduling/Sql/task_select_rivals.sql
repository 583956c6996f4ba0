-- Claimable instances of other jobs in an environment, of a priority or a higher one, that fit its largest node, job by job, best first.
-- Looks at so many tasks at most; task_count says how many it saw. Caller: ClaimStore. No locks.
SELECT
    job_id,
    priority,
    sum(claimable_count)::bigint AS instance_count,
    sum(count(*)) OVER ()::bigint AS task_count
FROM (
    SELECT
        job_id,
        priority,
        job_no,
        claimable_count
    FROM tasks
    WHERE env_id = @env_id::text
        AND claimable
        AND slots <= @max_slots::integer
        AND cpu_millis <= @max_cpu_millis::integer
        AND memory_mib <= @max_memory_mib::integer
        AND (@containers::boolean OR NOT needs_container)
        AND priority >= @priority::integer
        AND job_id <> @job_id::text
    ORDER BY
        priority DESC,
        job_no,
        task_id
    LIMIT @task_limit::integer
) AS seen
GROUP BY
    job_id,
    priority,
    job_no
ORDER BY
    priority DESC,
    job_no
