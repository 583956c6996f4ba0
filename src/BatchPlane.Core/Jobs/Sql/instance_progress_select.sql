-- What instances that reports with progress are about have posted before, by their keys. Caller: JobStore, behind job_lock.sql, whose lock covers them.
SELECT
    p.task_id,
    p.instance_index,
    p.attempt,
    p.number,
    p.percent,
    p.message,
    p.posted_at,
    p.told_at,
    p.is_told,
    p.live,
    p.event_count,
    p.dropped_events,
    p.bad_lines,
    p.problem
FROM unnest(@task_ids::bigint[], @indexes::integer[]) AS wanted (task_id, instance_index)
JOIN instance_progress AS p
    ON p.task_id = wanted.task_id
    AND p.instance_index = wanted.instance_index
