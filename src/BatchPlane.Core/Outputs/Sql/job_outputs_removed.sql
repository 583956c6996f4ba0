-- All outputs of a job that ended before a time are removed. Caller: OutputStore. Nothing when the job was retried meanwhile: its next life
-- has outputs of its own.
UPDATE jobs
SET outputs_removed_at = now()
WHERE job_id = @job_id::text
    AND outputs_gone_at = @gone_at::timestamptz
    AND finished_at <= @gone_at::timestamptz
