-- Must hold: the counters of a task equal its rows. next_index is the number of rows; starting, running, succeed and
-- interrupted count the rows in those states; failed counts them too, and in a closed task everything from next_index on;
-- requeued names exactly the rows that are RUNNABLE.
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
        max(instance_index) AS last_index,
        coalesce(
            range_agg(int4range(instance_index, instance_index + 1)) FILTER (WHERE state = 'RUNNABLE'),
            '{}'
        ) AS runnable
    FROM task_instances
    GROUP BY task_id
)
SELECT
    t.job_id || ', task ' || t.task_no AS subject,
    wrong.counter || ' is ' || wrong.stored || ', its rows say ' || wrong.counted AS problem
FROM tasks AS t
LEFT JOIN counted AS c ON c.task_id = t.task_id
CROSS JOIN LATERAL (
    VALUES
        ('next_index', t.next_index::text, coalesce(c.row_count, 0)::text),
        ('next_index - 1', (t.next_index - 1)::text, coalesce(c.last_index, -1)::text),
        ('starting_count', t.starting_count::text, coalesce(c.starting, 0)::text),
        ('running_count', t.running_count::text, coalesce(c.running, 0)::text),
        ('succeed_count', t.succeed_count::text, coalesce(c.succeed, 0)::text),
        (
            'failed_count',
            t.failed_count::text,
            (coalesce(c.failed, 0) + CASE WHEN t.closed THEN t.instance_count - t.next_index ELSE 0 END)::text
        ),
        ('interrupted_count', t.interrupted_count::text, coalesce(c.interrupted, 0)::text),
        ('requeued', t.requeued::text, coalesce(c.runnable, '{}')::text)
) AS wrong (counter, stored, counted)
WHERE wrong.stored <> wrong.counted
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
