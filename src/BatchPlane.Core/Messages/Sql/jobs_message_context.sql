-- What messages about jobs carry beyond the journal row.
-- Caller: MessageContextStore. Parameters: @job_ids. Returns one row for each job that exists. Locks nothing.
SELECT
    job_id,
    job_name,
    priority,
    created_at,
    notifications::text,
    traceparent,
    ARRAY(SELECT task_no FROM tasks WHERE tasks.job_id = jobs.job_id ORDER BY task_no) AS task_nos,
    ARRAY(SELECT task_name FROM tasks WHERE tasks.job_id = jobs.job_id ORDER BY task_no) AS task_names,
    ARRAY(SELECT (run #> '{files,redirect_info}')::text FROM tasks WHERE tasks.job_id = jobs.job_id ORDER BY task_no) AS redirects,
    tags::text,
    region
FROM jobs
WHERE job_id = ANY (@job_ids::text[]);
