-- Removes the environments that were made for tasks of a deleted job, with their nodes and activities, once they are gone themselves and the events of the job, which name
-- them, are delivered: nobody asks for them any more. Caller: JobRemovalStore, before removed_job_delete.sql. Rows: those removed, at most as many as asked for.
WITH removed AS (
    DELETE FROM environments AS e
    WHERE e.env_id IN (
            SELECT gone.env_id
            FROM environments AS gone
            WHERE gone.job_id = @job_id::text
                AND gone.deleted_at IS NOT NULL
            LIMIT @row_limit::integer
        )
        AND NOT EXISTS (
            SELECT
            FROM events AS v
            JOIN dispatcher_shards AS s ON s.shard = v.shard
            WHERE v.subject_id = @job_id::text
                AND v.notify <> 0
                AND (v.order_txid, v.event_no) > (s.cursor_txid, s.cursor_event_no)
        )
    RETURNING e.env_id
),
removed_nodes AS (
    DELETE FROM nodes AS n
    USING removed AS r
    WHERE n.env_id = r.env_id
),
removed_activities AS (
    DELETE FROM activities AS a
    USING removed AS r
    WHERE a.env_id = r.env_id
)
SELECT env_id
FROM removed
