-- Notes in a job how far its journal is, after entries about nodes of an environment of one of its tasks. Caller: EnvironmentStore, under the lock of
-- environment_lock_job.sql.
UPDATE jobs
SET
    last_sequence = @last_sequence::bigint,
    journal_txid = greatest(journal_txid, pg_current_xact_id())
WHERE job_id = @job_id::text
