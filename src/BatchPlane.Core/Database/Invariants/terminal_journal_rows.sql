-- Must hold: what ended has exactly one journal row of the state it ended in, what has not ended has none of a final state.
-- A row with a span stands for so many instances. The one second row there may be: FAILED_INTERRUPTED before the FAILED of
-- its release. A retry begins another life, of which the same holds; each life before the last ended badly, once. Jobs older than the
-- oldest journal row kept, and deleted ones, are out of sight.
-- Caller: whoever checks the database. Rows: one per job, task or instance that is wrong. Reads everything in one snapshot;
-- no locks.
WITH kept AS (
    SELECT j.job_id, j.state, j.cause
    FROM jobs AS j
    WHERE j.created_at >= coalesce((SELECT min(occurred_at) FROM events), '-infinity') - interval '1 minute'
        AND j.deleted_at IS NULL
),
subjects AS (
    SELECT
        job_id,
        -1 AS task_no,
        -1 AS instance_index,
        state,
        cause
    FROM kept
    UNION ALL
    SELECT
        t.job_id,
        t.task_no,
        -1,
        t.state,
        t.cause
    FROM tasks AS t
    JOIN kept AS k ON k.job_id = t.job_id
    UNION ALL
    SELECT
        t.job_id,
        t.task_no,
        i.instance_index,
        i.state,
        i.cause
    FROM task_instances AS i
    JOIN tasks AS t ON t.task_id = i.task_id
    JOIN kept AS k ON k.job_id = t.job_id
    UNION ALL
    SELECT
        t.job_id,
        t.task_no,
        numbers.instance_index,
        'FAILED',
        NULL
    FROM tasks AS t
    JOIN kept AS k ON k.job_id = t.job_id
    CROSS JOIN LATERAL unnest(t.skipped) AS ranges (indexes)
    CROSS JOIN LATERAL generate_series(lower(ranges.indexes), upper(ranges.indexes) - 1) AS numbers (instance_index)
),
retried AS (
    SELECT DISTINCT subject_id
    FROM events
    WHERE cause = 'retried'
),
marks AS (
    SELECT
        e.subject_id AS job_id,
        coalesce(e.task_no, -1) AS task_no,
        coalesce(e.instance_index + numbers.n, -1) AS instance_index,
        e.sequence,
        e.state,
        e.cause,
        r.subject_id IS NOT NULL AS has_lives
    FROM events AS e
    LEFT JOIN retried AS r ON r.subject_id = e.subject_id
    CROSS JOIN LATERAL generate_series(0, e.span - 1) AS numbers (n)
    WHERE e.level IN ('job', 'task', 'task_instance')
        AND (e.state IN ('SUCCEED', 'FAILED', 'FAILED_INTERRUPTED') OR e.cause = 'retried')
),
lives AS (
    SELECT
        job_id,
        task_no,
        instance_index,
        state,
        0 AS life,
        0 AS last_life
    FROM marks
    WHERE NOT has_lives
    UNION ALL
    SELECT
        job_id,
        task_no,
        instance_index,
        state,
        -- A retry belongs to the life that it ends.
        count(*) FILTER (WHERE cause = 'retried') OVER (
            PARTITION BY job_id, task_no, instance_index
            ORDER BY sequence
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ),
        count(*) FILTER (WHERE cause = 'retried') OVER (PARTITION BY job_id, task_no, instance_index)
    FROM marks
    WHERE has_lives
),
found AS (
    SELECT
        job_id,
        task_no,
        instance_index,
        life,
        life = max(last_life) AS is_last,
        count(*) FILTER (WHERE state = 'SUCCEED') AS succeed,
        count(*) FILTER (WHERE state = 'FAILED') AS failed,
        count(*) FILTER (WHERE state = 'FAILED_INTERRUPTED') AS interrupted
    FROM lives
    GROUP BY
        job_id,
        task_no,
        instance_index,
        life
),
last AS (
    SELECT f.*
    FROM found AS f
    JOIN kept AS k ON k.job_id = f.job_id
    WHERE f.is_last
),
wrong AS (
    -- A full join, so that the planner hashes, whatever it takes the sizes to be.
    SELECT
        coalesce(s.job_id, f.job_id) AS job_id,
        coalesce(s.task_no, f.task_no) AS task_no,
        coalesce(s.instance_index, f.instance_index) AS instance_index,
        CASE
            WHEN s.job_id IS NULL THEN 'ended in the journal, but has neither a row nor was it skipped'
            ELSE s.state || ', journal rows: '
                || coalesce(f.succeed, 0) || ' SUCCEED, '
                || coalesce(f.failed, 0) || ' FAILED, '
                || coalesce(f.interrupted, 0) || ' FAILED_INTERRUPTED'
        END AS problem
    FROM subjects AS s
    FULL JOIN last AS f
        ON f.job_id = s.job_id
        AND f.task_no = s.task_no
        AND f.instance_index = s.instance_index
    WHERE CASE
        WHEN s.job_id IS NULL THEN f.instance_index >= 0 AND f.succeed + f.failed + f.interrupted > 0
        ELSE coalesce(f.succeed, 0) <> CASE WHEN s.state = 'SUCCEED' THEN 1 ELSE 0 END
            OR coalesce(f.failed, 0) <> CASE WHEN s.state = 'FAILED' THEN 1 ELSE 0 END
            OR (s.state = 'FAILED_INTERRUPTED' AND coalesce(f.interrupted, 0) <> 1)
            OR (s.state <> 'FAILED_INTERRUPTED' AND coalesce(f.interrupted, 0) > CASE WHEN s.state = 'FAILED' AND s.cause = 'terminated' THEN 1 ELSE 0 END)
    END
    UNION ALL
    SELECT
        f.job_id,
        f.task_no,
        f.instance_index,
        'retried after life ' || f.life || ' with ' || f.succeed || ' SUCCEED, ' || f.failed || ' FAILED, ' || f.interrupted || ' FAILED_INTERRUPTED'
    FROM found AS f
    JOIN kept AS k ON k.job_id = f.job_id
    WHERE NOT f.is_last
        AND (f.succeed <> 0 OR f.failed > 1 OR f.interrupted > 1 OR f.failed + f.interrupted = 0)
)
SELECT
    job_id
        || CASE WHEN task_no < 0 THEN '' ELSE ', task ' || task_no END
        || CASE WHEN instance_index < 0 THEN '' ELSE ', instance ' || instance_index END AS subject,
    problem
FROM wrong
