-- A task, by the names that callers know. Caller: TaskQueries. Parameters: @job_id, @task_name. No row: there is no such job or task, or the job is deleted.
-- Of the document of the job, which may have megabytes, nothing leaves the database but where the outputs of this task are stored. Locks nothing.
SELECT
    t.task_id,
    t.task_name,
    t.state,
    t.instance_count,
    t.waiting_count,
    t.starting_count,
    t.running_count,
    t.succeed_count,
    t.failed_count,
    t.interrupted_count,
    t.finished_at,
    j.created_at,
    j.document #> ARRAY['tasks', t.task_no::text, 'redirect_info'] AS redirect_info
FROM tasks AS t
JOIN jobs AS j ON j.job_id = t.job_id
WHERE t.job_id = @job_id::text
    AND t.task_name = @task_name::text
    AND j.deleted_at IS NULL
