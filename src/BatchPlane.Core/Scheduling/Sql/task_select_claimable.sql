-- Tasks of an environment with instances to claim that fit the largest waiting node, best first. Caller: ClaimStore. No locks: what it
-- says is a proposal.
SELECT
    job_id,
    task_id,
    priority,
    claimable_count,
    job_no,
    slots,
    cpu_millis,
    memory_mib,
    starting_count + running_count AS held_count,
    needs_container
FROM tasks
WHERE env_id = @env_id::text
    AND claimable
    AND slots <= @max_slots::integer
    AND cpu_millis <= @max_cpu_millis::integer
    AND memory_mib <= @max_memory_mib::integer
    AND (@containers::boolean OR NOT needs_container)
ORDER BY
    priority DESC,
    job_no,
    task_id
LIMIT @task_limit::integer
