-- Ends requeued instances whose task is closed, and those that were kept for inspection and are released, without having loaded them. Caller:
-- JobStore, under the lock of job_lock.sql. The number of rows is checked: requeued names exactly the rows that are RUNNABLE, and what is
-- released was selected under the same lock. Without a time (null) the time of their end stays.
UPDATE task_instances AS i
SET
    state = 'FAILED',
    cause = v.cause,
    reason = v.reason,
    finished_at = COALESCE(v.finished_at, i.finished_at)
FROM (
    SELECT
        h.row_at,
        w.cause,
        w.reason,
        w.finished_at
    FROM unnest(
        @task_ids::bigint[],
        @first_indexes::integer[],
        @instance_counts::integer[],
        @states::text[],
        @causes::text[],
        @reasons::text[],
        @finished_ats::timestamptz[]
    ) AS w (
        task_id,
        first_index,
        instance_count,
        state,
        cause,
        reason,
        finished_at
    )
    CROSS JOIN LATERAL (
        SELECT h.ctid AS row_at
        FROM task_instances AS h
        WHERE h.task_id = w.task_id
            AND h.instance_index >= w.first_index
            AND h.instance_index < w.first_index + w.instance_count
            AND h.state = w.state
        -- Range by range through the key, never by a scan of all instances. The rows stay where they are: the lock keeps others from moving them.
        OFFSET 0
    ) AS h
) AS v
WHERE i.ctid = v.row_at
