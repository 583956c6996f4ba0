-- Nodes that were granted instances of these jobs, to tell them of a termination. Caller: JobStore.
SELECT DISTINCT
    job_id,
    node_id
FROM claims
WHERE job_id = ANY (@job_ids::text[])
