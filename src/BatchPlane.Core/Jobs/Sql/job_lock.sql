-- Jobs of a batch, locked in the order of their ids: whoever changes anything of a job holds this lock.
-- Caller: JobStore. Locks the job rows until the end of the transaction. Rows: one per job that exists and is not deleted.
SELECT
    job_id,
    state,
    cause,
    reason,
    interest,
    last_sequence,
    journal_txid,
    terminate_requested_at,
    terminate_requested_by,
    terminate_reason,
    close_cause,
    close_reason,
    time_limit,
    expires_at,
    running_at,
    finished_at,
    retried_at,
    priority,
    deadline,
    due_at
FROM jobs
WHERE job_id = ANY (@job_ids::text[])
    AND deleted_at IS NULL
ORDER BY job_id
FOR NO KEY UPDATE
