-- Which of these attempts nobody wants to look into any more: all but those that run, whose end is not known here yet, and those that are
-- FAILED_INTERRUPTED. Attempts that do not exist are told, too: their job was deleted. Caller: ClaimStore. No locks.
-- Rows: job_id, task_id, instance_index, attempt of each.
SELECT
    kept.job_id,
    kept.task_id,
    kept.instance_index,
    kept.attempt
FROM unnest(@job_ids::text[], @task_ids::bigint[], @indexes::integer[], @attempts::integer[]) AS kept (job_id, task_id, instance_index, attempt)
WHERE NOT EXISTS (
    SELECT
    FROM task_instances AS i
    JOIN tasks AS t ON t.task_id = i.task_id
    WHERE i.task_id = kept.task_id
        AND i.instance_index = kept.instance_index
        AND i.attempt = kept.attempt
        AND i.state IN ('STARTING', 'RUNNING', 'FAILED_INTERRUPTED')
        AND t.job_id = kept.job_id
)
