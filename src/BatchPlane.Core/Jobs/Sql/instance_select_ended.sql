-- How instances of tasks of ended jobs ended that did not succeed, as ranges: what a retry chooses from. Caller: JobStore, behind
-- job_lock.sql, whose lock covers them. Reads all instances of such tasks, but gives back a few rows of ranges for each.
SELECT
    i.task_id,
    i.state,
    i.cause IN ('dependency_unmet', 'not_needed') AS is_consequence,
    range_agg(int4range(i.instance_index, i.instance_index + 1)) AS indexes
FROM jobs AS j
JOIN tasks AS t ON t.job_id = j.job_id
JOIN task_instances AS i ON i.task_id = t.task_id
WHERE j.job_id = ANY (@job_ids::text[])
    AND j.finished_at IS NOT NULL
    AND t.state <> 'SUCCEED'
    AND i.state IN ('FAILED', 'FAILED_INTERRUPTED')
GROUP BY
    i.task_id,
    i.state,
    is_consequence
