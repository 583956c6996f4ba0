-- Instances that wait for the time of their next attempt. Caller: JobStore, under the lock of job_lock.sql. All arrays have
-- one element per instance.
INSERT INTO retry_delays (
    job_id,
    task_id,
    instance_index,
    due_at
)
SELECT *
FROM unnest(
    @job_ids::text[],
    @task_ids::bigint[],
    @indexes::integer[],
    @due_ats::timestamptz[]
)
