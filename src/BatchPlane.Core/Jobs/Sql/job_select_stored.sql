-- Which of these jobs exist: after a commit whose answer was lost. Caller: JobStore.
SELECT job_id
FROM jobs
WHERE job_id = ANY (@job_ids::text[])
