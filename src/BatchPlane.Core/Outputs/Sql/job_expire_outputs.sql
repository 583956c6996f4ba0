-- From now on the outputs of jobs that ended before a time count as gone; returns jobs whose outputs are to be removed, those that ended
-- earlier and were not dealt with to the end included, with the time before which they were written. Caller: OutputStore.
-- Locks the rows it changes, each only as long as this statement; rows in use are left for the next time.
WITH due AS (
    SELECT job_id
    FROM jobs
    WHERE outputs_removed_at IS NULL
        AND created_at < now() - @keep_for::interval
        AND finished_at < now() - @keep_for::interval
        AND deleted_at IS NULL
    ORDER BY created_at
    LIMIT @job_limit::integer
    FOR UPDATE SKIP LOCKED
)
UPDATE jobs AS j
SET outputs_gone_at = CASE WHEN j.outputs_gone_at >= j.finished_at THEN j.outputs_gone_at ELSE now() END
FROM due AS d
WHERE j.job_id = d.job_id
RETURNING
    j.job_id,
    j.outputs_gone_at
