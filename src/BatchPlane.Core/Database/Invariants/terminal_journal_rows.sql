-- Must hold: what ended has exactly one journal row of the state it ended in, what has not ended has none of a final state.
-- A row with a span stands for so many instances. The one second row there may be: FAILED_INTERRUPTED before the FAILED of
-- its release. Jobs older than the oldest journal row kept are out of sight.
-- Caller: whoever checks the database. Rows: one per job, task or instance that is wrong. Reads everything in one snapshot;
-- no locks.
WITH kept AS (
    SELECT j.job_id, j.state, j.cause
    FROM jobs AS j
    WHERE j.created_at >= coalesce((SELECT min(occurred_at) FROM events), '-infinity') - interval '1 minute'
),
subjects AS (
    SELECT
        job_id,
        NULL::integer AS task_no,
        NULL::integer AS instance_index,
        state,
        cause
    FROM kept
    UNION ALL
    SELECT
        t.job_id,
        t.task_no,
        NULL,
        t.state,
        t.cause
    FROM tasks AS t
    JOIN kept AS k ON k.job_id = t.job_id
    UNION ALL
    SELECT
        t.job_id,
        t.task_no,
        i.instance_index,
        i.state,
        i.cause
    FROM task_instances AS i
    JOIN tasks AS t ON t.task_id = i.task_id
    JOIN kept AS k ON k.job_id = t.job_id
),
ends AS (
    SELECT
        subject_id AS job_id,
        task_no,
        instance_index,
        state,
        count(*) AS row_count
    FROM events
    WHERE level IN ('job', 'task', 'task_instance')
        AND state IN ('SUCCEED', 'FAILED', 'FAILED_INTERRUPTED')
        AND span = 1
        AND NOT (level = 'task_instance' AND attempt IS NULL)
    GROUP BY
        subject_id,
        task_no,
        instance_index,
        state
),
found AS (
    SELECT
        job_id,
        coalesce(task_no, -1) AS task_no,
        coalesce(instance_index, -1) AS instance_index,
        sum(row_count) FILTER (WHERE state = 'SUCCEED') AS succeed,
        sum(row_count) FILTER (WHERE state = 'FAILED') AS failed,
        sum(row_count) FILTER (WHERE state = 'FAILED_INTERRUPTED') AS interrupted
    FROM ends
    GROUP BY
        job_id,
        task_no,
        instance_index
),
-- Instances that ended without ever having been claimed: rows with a span, about everything from next_index on.
unclaimed AS (
    SELECT
        subject_id AS job_id,
        task_no,
        count(*) AS row_count,
        min(instance_index) AS first_index,
        sum(span) AS instances
    FROM events
    WHERE level = 'task_instance'
        AND attempt IS NULL
    GROUP BY
        subject_id,
        task_no
)
SELECT
    s.job_id || coalesce(', task ' || s.task_no, '') || coalesce(', instance ' || s.instance_index, '') AS subject,
    s.state || ', journal rows: '
        || coalesce(f.succeed, 0) || ' SUCCEED, '
        || coalesce(f.failed, 0) || ' FAILED, '
        || coalesce(f.interrupted, 0) || ' FAILED_INTERRUPTED' AS problem
FROM subjects AS s
LEFT JOIN found AS f
    ON f.job_id = s.job_id
    AND f.task_no = coalesce(s.task_no, -1)
    AND f.instance_index = coalesce(s.instance_index, -1)
WHERE coalesce(f.succeed, 0) <> CASE WHEN s.state = 'SUCCEED' THEN 1 ELSE 0 END
    OR coalesce(f.failed, 0) <> CASE WHEN s.state = 'FAILED' THEN 1 ELSE 0 END
    OR (s.state = 'FAILED_INTERRUPTED' AND coalesce(f.interrupted, 0) <> 1)
    OR (s.state <> 'FAILED_INTERRUPTED' AND coalesce(f.interrupted, 0) > CASE WHEN s.state = 'FAILED' AND s.cause = 'terminated' THEN 1 ELSE 0 END)
UNION ALL
SELECT
    t.job_id || ', task ' || t.task_no,
    CASE WHEN t.closed THEN t.instance_count - t.next_index ELSE 0 END || ' instances from ' || t.next_index
        || ' on ended unclaimed, the journal has '
        || coalesce(u.instances, 0) || ' from ' || coalesce(u.first_index, -1) || ' on in ' || coalesce(u.row_count, 0) || ' rows'
FROM tasks AS t
JOIN kept AS k ON k.job_id = t.job_id
LEFT JOIN unclaimed AS u
    ON u.job_id = t.job_id
    AND u.task_no = t.task_no
WHERE coalesce(u.instances, 0) <> CASE WHEN t.closed THEN t.instance_count - t.next_index ELSE 0 END
    OR u.row_count > 1
    OR u.first_index <> t.next_index
