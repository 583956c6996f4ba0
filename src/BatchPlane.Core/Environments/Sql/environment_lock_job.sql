-- The job whose task an environment was made for, locked as job_lock.sql does, deleted ones too: what happens to nodes of such an environment is in the journal of
-- the job. Caller: EnvironmentStore, behind environment_lock.sql and node_select.sql: jobs are locked last. No row for an environment that users made.
SELECT
    job_id,
    interest,
    last_sequence,
    journal_txid
FROM jobs
WHERE job_id = (
    SELECT e.job_id
    FROM environments AS e
    WHERE e.env_id = @env_id::text
)
FOR NO KEY UPDATE
