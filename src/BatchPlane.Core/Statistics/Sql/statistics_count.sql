-- Adds the next rows of the journal to the statistics and moves their cursor, in one transaction: each row counts once, whatever dies when.
-- Caller: StatisticsStore. Parameters: @row_limit; @killed_causes: causes of attempts that others ended. Returns how many rows were counted; 0 as well while another server counts.
-- Locks the cursor and the rows of the statistics it adds to.
WITH place AS MATERIALIZED (
    SELECT txid, event_no
    FROM statistics_cursor
    FOR UPDATE SKIP LOCKED
),
next_rows AS MATERIALIZED (
    SELECT e.*
    FROM place
    CROSS JOIN LATERAL (
        SELECT order_txid, event_no, subject_id, sequence, span, level, state, task_no, attempt, cause, launched_at, running_at, running_offsets, occurred_at, details
        FROM events
        WHERE span > 0
            AND (order_txid, event_no) > (place.txid, place.event_no)
            AND order_txid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY order_txid, event_no
        LIMIT @row_limit::integer
    ) AS e
),
facts AS (
    SELECT
        *,
        (occurred_at AT TIME ZONE 'UTC')::date AS day,
        level = 'job' AND sequence = 1 AS is_submit,
        level = 'job' AND state IN ('SUCCEED', 'FAILED', 'FAILED_INTERRUPTED') AS is_job_end,
        level = 'task_instance' AND state NOT IN ('ATTEMPT_STARTED', 'ATTEMPT_ENDED') AND attempt IS NOT NULL AND launched_at IS NOT NULL AND cause IS NOT NULL AS is_attempt_end,
        details ? 'original_attempt' AS is_failover,
        details ? 'execution_source' AS is_noted,
        details ->> 'execution_source' = 'MANUAL' AS is_manual
    FROM next_rows
    WHERE level IN ('job', 'task_instance')
),
sums AS (
    SELECT
        f.day,
        coalesce(t.env_id, '') AS env_id,
        coalesce(j.job_name, r.job_name, '') AS job_name,
        count(*) FILTER (WHERE f.is_submit) AS jobs_submitted,
        count(*) FILTER (WHERE f.is_job_end AND f.state = 'SUCCEED') AS jobs_succeeded,
        count(*) FILTER (WHERE f.is_job_end AND f.state = 'FAILED') AS jobs_failed,
        count(*) FILTER (WHERE f.is_job_end AND f.state = 'FAILED_INTERRUPTED') AS jobs_interrupted,
        coalesce(sum(f.span) FILTER (WHERE f.is_attempt_end AND f.state = 'SUCCEED'), 0) AS succeeded,
        coalesce(sum(f.span) FILTER (WHERE f.is_attempt_end AND f.state <> 'SUCCEED' AND f.cause <> ALL (@killed_causes::text[]) AND f.cause NOT IN ('node_lost', 'node_drained', 'returned')), 0) AS failed,
        coalesce(sum(f.span) FILTER (WHERE f.is_attempt_end AND f.state <> 'SUCCEED' AND f.cause = ANY (@killed_causes::text[])), 0) AS killed,
        coalesce(sum(f.span) FILTER (WHERE f.is_attempt_end AND f.cause = 'node_lost'), 0) AS lost,
        coalesce(sum(f.span) FILTER (WHERE f.is_attempt_end AND f.cause IN ('node_drained', 'returned')), 0) AS returned,
        -- What was given back never began: the next attempt is made for the same reason, and counts.
        coalesce(sum(f.span) FILTER (WHERE f.is_attempt_end AND f.cause <> 'returned' AND f.is_failover), 0) AS failovers,
        coalesce(sum(f.span) FILTER (WHERE f.is_attempt_end AND f.cause <> 'returned' AND f.attempt > 1 AND NOT coalesce(f.is_noted, false)), 0) AS retries,
        coalesce(sum(f.span) FILTER (WHERE f.is_attempt_end AND f.cause <> 'returned' AND f.is_manual), 0) AS manual,
        coalesce(
            sum(
                extract(epoch FROM f.occurred_at - f.running_at) * 1000 * f.span
                - coalesce((SELECT sum(microseconds) FROM unnest(f.running_offsets) AS microseconds), 0) / 1000
            ) FILTER (WHERE f.is_attempt_end AND f.running_at IS NOT NULL),
            0
        )::bigint AS run_ms
    FROM facts AS f
    LEFT JOIN jobs AS j ON j.job_id = f.subject_id
    LEFT JOIN removed_jobs AS r ON r.job_id = f.subject_id
    LEFT JOIN tasks AS t ON t.job_id = f.subject_id AND t.task_no = coalesce(f.task_no, 0)
    WHERE f.is_submit OR f.is_job_end OR f.is_attempt_end
    GROUP BY 1, 2, 3
),
added AS (
    INSERT INTO attempt_statistics AS s (
        day, env_id, job_name, jobs_submitted, jobs_succeeded, jobs_failed, jobs_interrupted, succeeded, failed, killed, lost, returned, failovers, retries, manual, run_ms
    )
    SELECT day, env_id, job_name, jobs_submitted, jobs_succeeded, jobs_failed, jobs_interrupted, succeeded, failed, killed, lost, returned, failovers, retries, manual, run_ms
    FROM sums
    ON CONFLICT (day, env_id, job_name) DO UPDATE
    SET jobs_submitted = s.jobs_submitted + excluded.jobs_submitted,
        jobs_succeeded = s.jobs_succeeded + excluded.jobs_succeeded,
        jobs_failed = s.jobs_failed + excluded.jobs_failed,
        jobs_interrupted = s.jobs_interrupted + excluded.jobs_interrupted,
        succeeded = s.succeeded + excluded.succeeded,
        failed = s.failed + excluded.failed,
        killed = s.killed + excluded.killed,
        lost = s.lost + excluded.lost,
        returned = s.returned + excluded.returned,
        failovers = s.failovers + excluded.failovers,
        retries = s.retries + excluded.retries,
        manual = s.manual + excluded.manual,
        run_ms = s.run_ms + excluded.run_ms
),
moved AS (
    UPDATE statistics_cursor AS c
    SET txid = newest.order_txid,
        event_no = newest.event_no
    FROM (SELECT order_txid, event_no FROM next_rows ORDER BY order_txid DESC, event_no DESC LIMIT 1) AS newest
)
SELECT count(*)::integer
FROM next_rows
