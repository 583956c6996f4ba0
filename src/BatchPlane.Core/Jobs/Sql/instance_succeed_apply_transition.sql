-- Stores the success of attempts, by runs of consecutive indexes. Caller: JobStore, under the lock of job_lock.sql. All arrays have
-- one element per run. The guard on state and attempt fails only if something changed an instance without that lock.
UPDATE task_instances AS i
SET
    state = 'SUCCEED',
    exit_code = 0,
    cause = 'succeeded',
    running_at = v.running_at,
    finished_at = v.finished_at,
    terminate_reason = NULL
FROM (
    SELECT
        h.row_at,
        w.running_at,
        w.finished_at
    FROM unnest(
        @task_ids::bigint[],
        @firsts::integer[],
        @counts::integer[],
        @attempts::integer[],
        @running_ats::timestamptz[],
        @finished_ats::timestamptz[]
    ) AS w (
        task_id,
        first_index,
        instance_count,
        attempt,
        running_at,
        finished_at
    )
    CROSS JOIN LATERAL (
        SELECT h.ctid AS row_at
        FROM task_instances AS h
        WHERE h.task_id = w.task_id
            AND h.instance_index >= w.first_index
            AND h.instance_index < w.first_index + w.instance_count
            AND h.attempt = w.attempt
            AND h.state IN ('STARTING', 'RUNNING')
        -- Run by run through the key, never by a scan of all instances. The rows stay where they are: the lock keeps others from moving them.
        OFFSET 0
    ) AS h
) AS v
WHERE i.ctid = v.row_at
