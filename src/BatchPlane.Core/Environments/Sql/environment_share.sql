-- Those of the named environments that take jobs, which those made for one task do not, held so that they cannot be deleted until the end of the transaction.
-- Caller: JobStore.
SELECT env_id
FROM environments
WHERE env_id = ANY (@env_ids::text[])
    AND state IN ('CREATING', 'CREATED')
    AND job_id IS NULL
ORDER BY env_id
FOR KEY SHARE
