-- All tasks of the jobs of a batch. Caller: JobStore, in the same round trip behind job_lock.sql, whose lock covers them.
SELECT
    job_id,
    task_id,
    task_no,
    task_name,
    state,
    cause,
    reason,
    depends_on,
    depends_when,
    instance_count,
    next_index,
    requeued,
    ready,
    waiting,
    skipped,
    succeeded,
    close_cause,
    close_reason,
    starting_count,
    running_count,
    succeed_count,
    failed_count,
    interrupted_count,
    max_retry_count,
    max_concurrent_num,
    failed_action,
    running_at,
    finished_at
FROM tasks
WHERE job_id = ANY (@job_ids::text[])
ORDER BY
    job_id,
    task_no
