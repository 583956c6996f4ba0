-- Must hold: nothing waits for what has happened already. An instance that waits for instances of the same index has one among
-- them that is neither SUCCEED nor ended; a task that is PENDING has a predecessor that has not ended, or waits for instances.
-- Caller: whoever checks the database. Rows: one per task that would wait for ever. Reads everything in one snapshot; no locks.
WITH edges AS (
    SELECT
        d.task_id,
        d.job_id,
        d.task_no,
        d.state,
        d.waiting,
        edge.condition,
        p.task_no AS predecessor_no,
        p.succeeded,
        p.skipped,
        p.finished_at,
        p.running_at
    FROM tasks AS d
    CROSS JOIN LATERAL unnest(d.depends_on, d.depends_when) AS edge (task_no, condition)
    JOIN tasks AS p
        ON p.job_id = d.job_id
        AND p.task_no = edge.task_no
    WHERE d.finished_at IS NULL
)
SELECT
    job_id || ', task ' || task_no AS subject,
    'instances ' || (range_intersect_agg(succeeded) * waiting)::text || ' wait, though all they wait for succeeded' AS problem
FROM edges
WHERE condition = 'each_index'
GROUP BY
    job_id,
    task_no,
    waiting
HAVING NOT isempty(range_intersect_agg(succeeded) * waiting)
UNION ALL
SELECT
    job_id || ', task ' || task_no,
    'instances wait for instances of task ' || predecessor_no || ', which have ended'
FROM edges
WHERE condition = 'each_index'
    AND NOT isempty(waiting)
    AND (waiting && skipped OR finished_at IS NOT NULL)
UNION ALL
SELECT
    job_id || ', task ' || task_no,
    'is PENDING, though nothing it waits for is still to come'
FROM edges
WHERE state = 'PENDING'
GROUP BY
    job_id,
    task_no,
    waiting
HAVING bool_and(
    CASE
        WHEN condition = 'each_index' THEN isempty(waiting)
        WHEN condition = 'started' THEN finished_at IS NOT NULL OR running_at IS NOT NULL
        ELSE finished_at IS NOT NULL
    END
)
