-- A page of the instances of a task, by index, those included that have no row. Caller: TaskQueries. Parameters: @task_id; @states: only those in one of these states, null: all;
-- @page_offset, @page_limit: how many of them are left out, and how many come at most. Locks nothing.
--
-- In which state each is shown is decided from what comes back, by InstanceStates; which of them come for @states is decided here and has to agree.
-- What waits is known from the sets of the task, as ranges; what was claimed and does not wait from its row, in the order of the primary key; what was skipped from the set again.
-- From each of the three no more is taken than the page can need and the task's counters say there is, so that the cost grows with the offset and not with the task.
WITH task AS (
    SELECT
        task_id,
        state,
        instance_count,
        requeued + delayed AS again,
        int4multirange(int4range(next_index, instance_count)) + ready + waiting - skipped AS untouched,
        waiting - skipped AS held,
        skipped,
        state IN ('SUBMITTED', 'PENDING') AS waits_as_whole,
        starting_count,
        running_count,
        succeed_count,
        failed_count,
        interrupted_count
    FROM tasks
    WHERE task_id = @task_id::bigint
),
waiting AS (
    SELECT
        CASE
            WHEN @states::text[] IS NULL THEN '{}'
            WHEN waits_as_whole AND state = ANY (@states::text[]) THEN untouched + again
            WHEN waits_as_whole THEN '{}'
            ELSE
                CASE WHEN 'RUNNABLE' = ANY (@states::text[]) THEN untouched + again - held ELSE '{}' END
                + CASE WHEN 'PENDING' = ANY (@states::text[]) THEN held ELSE '{}' END
        END AS indexes
    FROM task
),
-- How many rows are worth finding: none where nobody asks for a state, so that rows are not looked through for nothing.
claimed AS (
    SELECT least(
        @page_offset::integer + @page_limit::integer,
        CASE WHEN 'STARTING' = ANY (@states::text[]) THEN starting_count ELSE 0 END
        + CASE WHEN 'RUNNING' = ANY (@states::text[]) THEN running_count ELSE 0 END
        + CASE WHEN 'SUCCEED' = ANY (@states::text[]) THEN succeed_count ELSE 0 END
        + CASE WHEN 'FAILED_INTERRUPTED' = ANY (@states::text[]) THEN interrupted_count ELSE 0 END
        + CASE WHEN 'FAILED' = ANY (@states::text[]) THEN failed_count - (SELECT coalesce(sum(upper(span) - lower(span)), 0) FROM unnest(skipped) AS span) ELSE 0 END
    ) AS wanted
    FROM task
),
pieces AS (
    (
        SELECT 0 AS first_index, instance_count AS size
        FROM task
        WHERE @states::text[] IS NULL
    )
    UNION ALL
    (
        SELECT lower(span), upper(span) - lower(span)
        FROM waiting
        CROSS JOIN LATERAL unnest(indexes) AS span
    )
    UNION ALL
    (
        SELECT lower(span), upper(span) - lower(span)
        FROM task
        CROSS JOIN LATERAL unnest(skipped) AS span
        WHERE 'FAILED' = ANY (@states::text[])
    )
    UNION ALL
    (
        SELECT instance_index, 1
        FROM task_instances
        WHERE task_id = @task_id::bigint
            AND state <> 'RUNNABLE'
            AND state = ANY (@states::text[])
        ORDER BY instance_index
        LIMIT (SELECT wanted FROM claimed)
    )
),
placed AS (
    SELECT
        first_index,
        size,
        sum(size) OVER (ORDER BY first_index) - size AS before
    FROM pieces
),
page AS (
    SELECT (p.first_index + k)::integer AS instance_index
    FROM placed AS p
    CROSS JOIN LATERAL generate_series(
        greatest(0, @page_offset::integer - p.before),
        least(p.size, @page_offset::integer + @page_limit::integer - p.before) - 1
    ) AS k
    WHERE p.before < @page_offset::integer + @page_limit::integer
        AND p.before + p.size > @page_offset::integer
)
SELECT
    p.instance_index,
    i.state,
    t.state AS task_state,
    t.held @> p.instance_index AS is_held,
    t.skipped @> p.instance_index AS is_skipped,
    i.exit_code,
    coalesce(i.cause, s.cause) AS cause,
    coalesce(i.reason, s.reason) AS reason,
    n.instance_id,
    i.launched_at,
    i.running_at,
    coalesce(i.finished_at, s.ended_at) AS finished_at
FROM page AS p
CROSS JOIN task AS t
-- OFFSET 0: row by row. Nothing tells the planner how short a page is, and it would read the whole task to join it.
LEFT JOIN LATERAL (
    SELECT own.state, own.exit_code, own.cause, own.reason, own.node_id, own.launched_at, own.running_at, own.finished_at
    FROM task_instances AS own
    WHERE own.task_id = @task_id::bigint
        AND own.instance_index = p.instance_index
    OFFSET 0
) AS i ON true
LEFT JOIN LATERAL (
    SELECT node.instance_id
    FROM nodes AS node
    WHERE node.node_id = i.node_id
    OFFSET 0
) AS n ON true
LEFT JOIN LATERAL (
    SELECT run.cause, run.reason, run.ended_at
    FROM task_skips AS run
    WHERE run.task_id = @task_id::bigint
        AND run.first_index <= p.instance_index
    ORDER BY run.first_index DESC
    LIMIT 1
) AS s ON t.skipped @> p.instance_index
ORDER BY p.instance_index
