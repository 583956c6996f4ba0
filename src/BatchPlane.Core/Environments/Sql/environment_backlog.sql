-- Instances of an environment that nodes may claim now, by what one needs; from the counters of at most so many tasks, the most
-- urgent ones. Caller: EnvironmentStore. No locks.
SELECT
    slots,
    cpu_millis,
    memory_mib,
    sum(claimable_count)::bigint AS instance_count
FROM (
    SELECT
        slots,
        cpu_millis,
        memory_mib,
        claimable_count
    FROM tasks
    WHERE env_id = @env_id::text
        AND claimable
    ORDER BY priority DESC, job_no, task_id
    LIMIT @task_limit::integer
) AS next_tasks
WHERE claimable_count > 0
GROUP BY slots, cpu_millis, memory_mib
