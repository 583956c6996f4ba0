-- Must hold: claimable is true exactly when a node may claim: the job's end is not asked for, the task may run, is not closed,
-- has instances that wait and is below its ceiling. A task that wrongly is not would wait for ever.
-- Caller: whoever checks the database. Rows: one per task whose flag is wrong. Reads everything in one snapshot; no locks.
SELECT
    t.job_id || ', task ' || t.task_no AS subject,
    'claimable is ' || t.claimable || ' in ' || t.state || ' with ' || waiting.instances || ' waiting, '
        || t.starting_count + t.running_count || ' of at most ' || coalesce(t.max_concurrent_num::text, 'any number') || ' at work' AS problem
FROM tasks AS t
JOIN jobs AS j ON j.job_id = t.job_id
CROSS JOIN LATERAL (
    SELECT t.instance_count - t.next_index + coalesce(sum(upper(ranges.indexes) - lower(ranges.indexes)), 0) AS instances
    FROM unnest(t.requeued) AS ranges (indexes)
) AS waiting
WHERE t.claimable <> (
    j.terminate_requested_at IS NULL
    AND t.state IN ('RUNNABLE', 'STARTING', 'RUNNING')
    AND NOT t.closed
    AND waiting.instances > 0
    AND (t.max_concurrent_num IS NULL OR t.starting_count + t.running_count < t.max_concurrent_num)
)
