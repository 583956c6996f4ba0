-- What journal rows are shown with: names and notifications of their jobs and environments, and names of tasks.
-- Caller: JournalReader. Parameters: @subject_ids; @job_ids and @task_nos, of equal length: the tasks. Rows: subject_id, task_no, name, notifications as JSON;
-- those of tasks have task_no and no notifications. Rows of jobs have created_at, retried_at, traceparent and tracing besides.
-- Those of jobs that were removed have name and tracing; environments that were removed have none. Locks nothing.
SELECT
    job_id AS subject_id,
    NULL::integer AS task_no,
    job_name AS name,
    notifications::text AS notifications,
    created_at,
    retried_at,
    traceparent,
    tracing
FROM jobs
WHERE job_id = ANY (@subject_ids::text[])
UNION ALL
SELECT env_id, NULL, env_name, notifications::text, NULL, NULL, NULL, NULL
FROM environments
WHERE env_id = ANY (@subject_ids::text[])
UNION ALL
SELECT job_id, NULL, job_name, NULL, NULL, NULL, NULL, tracing
FROM removed_jobs
WHERE job_id = ANY (@subject_ids::text[])
UNION ALL
SELECT t.job_id, t.task_no, t.task_name, NULL, NULL, NULL, NULL, NULL
FROM unnest(@job_ids::text[], @task_nos::integer[]) AS wanted (job_id, task_no)
JOIN tasks AS t ON t.job_id = wanted.job_id AND t.task_no = wanted.task_no
