-- As task_select_claimable.sql, when there are more tasks than one pass looks at: a few tasks of many jobs instead of all tasks of a few.
-- From one job to the next it goes by the index, however many tasks lie between. "firsts": the first jobs, by priority. "turns": of the
-- lowest priority among them the jobs behind the one that was served last, so that each has its turn. Caller: ClaimStore. No locks.
WITH RECURSIVE firsts AS (
    (
        SELECT
            priority,
            job_no,
            1 AS place
        FROM tasks
        WHERE env_id = @env_id::text
            AND claimable
            AND slots <= @max_slots::integer
            AND cpu_millis <= @max_cpu_millis::integer
            AND memory_mib <= @max_memory_mib::integer
            AND (@containers::boolean OR NOT needs_container)
        ORDER BY
            priority DESC,
            job_no
        LIMIT 1
    )
    UNION ALL
    SELECT
        following.priority,
        following.job_no,
        firsts.place + 1
    FROM firsts
    CROSS JOIN LATERAL (
        (
            SELECT
                priority,
                job_no
            FROM tasks
            WHERE env_id = @env_id::text
                AND claimable
                AND slots <= @max_slots::integer
                AND cpu_millis <= @max_cpu_millis::integer
                AND memory_mib <= @max_memory_mib::integer
                AND (@containers::boolean OR NOT needs_container)
                AND priority = firsts.priority
                AND job_no > firsts.job_no
            ORDER BY job_no
            LIMIT 1
        )
        UNION ALL
        (
            SELECT
                priority,
                job_no
            FROM tasks
            WHERE env_id = @env_id::text
                AND claimable
                AND slots <= @max_slots::integer
                AND cpu_millis <= @max_cpu_millis::integer
                AND memory_mib <= @max_memory_mib::integer
                AND (@containers::boolean OR NOT needs_container)
                AND priority < firsts.priority
            ORDER BY
                priority DESC,
                job_no
            LIMIT 1
        )
        ORDER BY
            priority DESC,
            job_no
        LIMIT 1
    ) AS following
    WHERE firsts.place < @job_limit::integer
),
lowest AS (
    SELECT priority
    FROM firsts
    WHERE place = @job_limit::integer
),
turns AS (
    SELECT
        first_behind.priority,
        first_behind.job_no,
        1 AS place
    FROM lowest
    CROSS JOIN LATERAL (
        SELECT
            priority,
            job_no
        FROM tasks
        WHERE env_id = @env_id::text
            AND claimable
            AND slots <= @max_slots::integer
            AND cpu_millis <= @max_cpu_millis::integer
            AND memory_mib <= @max_memory_mib::integer
            AND (@containers::boolean OR NOT needs_container)
            AND priority = lowest.priority
            AND job_no > CASE WHEN lowest.priority = @turn_priority::integer THEN @turn_job_no::bigint ELSE 0 END
        ORDER BY job_no
        LIMIT 1
    ) AS first_behind
    UNION ALL
    SELECT
        following.priority,
        following.job_no,
        turns.place + 1
    FROM turns
    CROSS JOIN LATERAL (
        SELECT
            priority,
            job_no
        FROM tasks
        WHERE env_id = @env_id::text
            AND claimable
            AND slots <= @max_slots::integer
            AND cpu_millis <= @max_cpu_millis::integer
            AND memory_mib <= @max_memory_mib::integer
            AND (@containers::boolean OR NOT needs_container)
            AND priority = turns.priority
            AND job_no > turns.job_no
        ORDER BY job_no
        LIMIT 1
    ) AS following
    WHERE turns.place < @job_limit::integer
),
chosen AS (
    SELECT
        priority,
        job_no
    FROM firsts
    UNION
    SELECT
        priority,
        job_no
    FROM turns
)
SELECT found.*
FROM chosen
CROSS JOIN LATERAL (
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
        AND priority = chosen.priority
        AND job_no = chosen.job_no
    ORDER BY task_id
    LIMIT greatest(1, @task_limit::integer / (SELECT count(*) FROM chosen))
) AS found
ORDER BY
    found.priority DESC,
    found.job_no,
    found.task_id
