-- Removes the row of a deleted job and those of its tasks, of which nothing else is left, once its events are delivered
-- (messages need their names) and the environments of its tasks are gone (what happens to their nodes is in its journal).
-- Its journal stays, and with it what is noted here. Caller: JobRemovalStore. Rows: the number of tasks removed; none while there is something left.
WITH removed AS (
    DELETE FROM jobs AS j
    WHERE j.job_id = @job_id::text
        AND j.deleted_at IS NOT NULL
        AND NOT EXISTS (
            SELECT
            FROM environments AS env
            WHERE env.job_id = j.job_id
        )
        AND (
            cardinality(j.interest) = 0
            OR NOT coalesce(
                (
                    SELECT (e.order_txid, e.event_no) > (s.cursor_txid, s.cursor_event_no)
                    FROM events AS e
                    JOIN dispatcher_shards AS s ON s.shard = e.shard
                    WHERE e.subject_id = j.job_id
                        AND e.notify <> 0
                    ORDER BY e.sequence DESC
                    LIMIT 1
                ),
                false
            )
        )
    RETURNING j.job_id, j.job_name, j.tracing, j.journal_txid, j.created_at
),
noted AS (
    INSERT INTO removed_jobs (job_id, job_name, tracing, journal_txid, created_at, removed_at)
    SELECT job_id, job_name, tracing, journal_txid, created_at, clock_timestamp()
    FROM removed
)
DELETE FROM tasks AS t
USING removed AS r
WHERE t.job_id = r.job_id
