-- Jobs that are deleted and not removed yet, the earliest deleted first. Caller: JobRemovalStore.
SELECT job_id
FROM jobs
WHERE deleted_at IS NOT NULL
ORDER BY deleted_at
LIMIT @job_limit::integer
