-- Must hold: claimable_count is what nodes may claim: something only while the job's end is not asked for, the task may run and is
-- open; then what waits, up to its ceiling. A task that wrongly has none would wait for ever.
-- Caller: whoever checks the database. Rows: one per task whose count is wrong. Reads everything in one snapshot; no locks.
SELECT
    t.job_id || ', task ' || t.task_no AS subject,
    'claimable_count is ' || t.claimable_count || ' in ' || t.state || ' with ' || waiting.instances || ' waiting, '
        || t.starting_count + t.running_count || ' of at most ' || coalesce(t.max_concurrent_num::text, 'any number') || ' at work' AS problem
FROM tasks AS t
JOIN jobs AS j ON j.job_id = t.job_id
CROSS JOIN LATERAL (
    SELECT t.instance_count - t.next_index + coalesce(sum(upper(ranges.indexes) - lower(ranges.indexes)), 0) AS instances
    FROM (
        SELECT unnest(t.requeued)
        UNION ALL
        SELECT unnest(t.ready)
    ) AS ranges (indexes)
) AS waiting
WHERE t.claimable_count <> CASE
    WHEN j.terminate_requested_at IS NULL AND t.state IN ('RUNNABLE', 'STARTING', 'RUNNING') AND t.close_cause IS NULL
        THEN greatest(0, least(waiting.instances, coalesce(t.max_concurrent_num - t.starting_count - t.running_count, waiting.instances)))
    ELSE 0
END
