-- Must hold: the counters of a task equal its rows. Below next_index every instance has a row or is in exactly one of ready,
-- waiting and skipped; starting, running, succeed and interrupted count the rows in those states; failed counts them and the
-- skipped; requeued and delayed together name exactly the rows that are RUNNABLE, none twice, and retry_delays exactly the delayed; succeeded those that are SUCCEED when another task waits for them one
-- by one; task_skips names exactly the skipped. Deleted jobs are being removed.
-- Caller: whoever checks the database. Rows: one per counter that is wrong. Reads everything in one snapshot; no locks.
WITH counted AS (
    SELECT
        task_id,
        count(*) AS row_count,
        count(*) FILTER (WHERE state = 'STARTING') AS starting,
        count(*) FILTER (WHERE state = 'RUNNING') AS running,
        count(*) FILTER (WHERE state = 'SUCCEED') AS succeed,
        count(*) FILTER (WHERE state = 'FAILED') AS failed,
        count(*) FILTER (WHERE state = 'FAILED_INTERRUPTED') AS interrupted,
        range_agg(int4range(instance_index, instance_index + 1)) AS indexes,
        coalesce(
            range_agg(int4range(instance_index, instance_index + 1)) FILTER (WHERE state = 'RUNNABLE'),
            '{}'
        ) AS runnable,
        coalesce(
            range_agg(int4range(instance_index, instance_index + 1)) FILTER (WHERE state = 'SUCCEED'),
            '{}'
        ) AS succeeded
    FROM task_instances
    GROUP BY task_id
),
skips AS (
    SELECT
        task_id,
        range_agg(int4range(first_index, first_index + instance_count)) AS indexes
    FROM task_skips
    GROUP BY task_id
),
delays AS (
    SELECT
        task_id,
        range_agg(int4range(instance_index, instance_index + 1)) AS indexes
    FROM retry_delays
    GROUP BY task_id
),
awaited AS (
    SELECT DISTINCT
        d.job_id,
        edges.task_no
    FROM tasks AS d
    CROSS JOIN LATERAL unnest(d.depends_on, d.depends_when) AS edges (task_no, condition)
    WHERE edges.condition = 'each_index'
),
sizes AS (
    SELECT
        t.task_id,
        coalesce(sum(upper(ranges.indexes) - lower(ranges.indexes)) FILTER (WHERE ranges.name = 'skipped'), 0) AS skipped,
        coalesce(sum(upper(ranges.indexes) - lower(ranges.indexes)) FILTER (WHERE ranges.name = 'waiting'), 0) AS waiting,
        coalesce(sum(upper(ranges.indexes) - lower(ranges.indexes)), 0) AS rowless
    FROM tasks AS t
    LEFT JOIN LATERAL (
        SELECT unnest(t.ready), 'ready'
        UNION ALL
        SELECT unnest(t.waiting), 'waiting'
        UNION ALL
        SELECT unnest(t.skipped), 'skipped'
    ) AS ranges (indexes, name) ON true
    GROUP BY t.task_id
)
SELECT
    t.job_id || ', task ' || t.task_no AS subject,
    wrong.counter || ' is ' || wrong.stored || ', its rows say ' || wrong.counted AS problem
FROM tasks AS t
JOIN jobs AS j
    ON j.job_id = t.job_id
    AND j.deleted_at IS NULL
JOIN sizes AS z ON z.task_id = t.task_id
LEFT JOIN counted AS c ON c.task_id = t.task_id
LEFT JOIN skips AS k ON k.task_id = t.task_id
LEFT JOIN delays AS y ON y.task_id = t.task_id
LEFT JOIN awaited AS a
    ON a.job_id = t.job_id
    AND a.task_no = t.task_no
CROSS JOIN LATERAL (
    VALUES
        ('next_index', t.next_index::text, (coalesce(c.row_count, 0) + z.rowless)::text),
        (
            'what lies below next_index',
            CASE WHEN t.next_index > 0 THEN int4multirange(int4range(0, t.next_index)) ELSE '{}' END::text,
            (coalesce(c.indexes, '{}') + t.ready + t.waiting + t.skipped)::text
        ),
        ('waiting_count', t.waiting_count::text, z.waiting::text),
        ('starting_count', t.starting_count::text, coalesce(c.starting, 0)::text),
        ('running_count', t.running_count::text, coalesce(c.running, 0)::text),
        ('succeed_count', t.succeed_count::text, coalesce(c.succeed, 0)::text),
        ('failed_count', t.failed_count::text, (coalesce(c.failed, 0) + z.skipped)::text),
        ('interrupted_count', t.interrupted_count::text, coalesce(c.interrupted, 0)::text),
        ('requeued', t.requeued::text, (coalesce(c.runnable, '{}') - t.delayed)::text),
        ('delayed', t.delayed::text, (coalesce(y.indexes, '{}') * coalesce(c.runnable, '{}'))::text),
        ('what retry_delays has of it', coalesce(y.indexes, '{}')::text, t.delayed::text),
        ('succeeded', t.succeeded::text, CASE WHEN a.job_id IS NULL THEN '{}' ELSE coalesce(c.succeeded, '{}')::text END),
        ('skipped', t.skipped::text, coalesce(k.indexes, '{}')::text)
) AS wrong (counter, stored, counted)
WHERE wrong.stored <> wrong.counted
UNION ALL
SELECT
    'task_id ' || y.task_id,
    'waits of ' || y.indexes::text || ' belong to no task'
FROM delays AS y
WHERE NOT EXISTS (
    SELECT
    FROM tasks AS t
    WHERE t.task_id = y.task_id
)
UNION ALL
SELECT
    'task_id ' || c.task_id,
    c.row_count || ' instance rows belong to no task'
FROM counted AS c
WHERE NOT EXISTS (
    SELECT
    FROM tasks AS t
    WHERE t.task_id = c.task_id
)
