-- Why instances of ended jobs ended that were never claimed. Caller: JobStore, behind job_lock.sql, whose lock covers them.
SELECT
    s.task_id,
    s.first_index,
    s.instance_count,
    s.cause,
    s.reason,
    s.ended_at
FROM jobs AS j
JOIN tasks AS t ON t.job_id = j.job_id
JOIN task_skips AS s ON s.task_id = t.task_id
WHERE j.job_id = ANY (@job_ids::text[])
    AND j.finished_at IS NOT NULL
ORDER BY
    s.task_id,
    s.first_index
