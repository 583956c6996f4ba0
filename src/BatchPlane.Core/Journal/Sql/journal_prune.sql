-- Forgets what is about parts of the journal that are not kept any more: marks, exceptions, redeliveries that ended, what stayed of removed jobs. Caller: JournalStore, hourly.
-- Parameters: @retention_days. Locks the rows it deletes; exceptions and removed jobs in bounded steps: returns how many went of that of which more went, at most @row_limit.
WITH marks AS (
    DELETE FROM journal_marks
    WHERE noted_at < now() - make_interval(days => @retention_days::integer + 2)
),
ended AS (
    DELETE FROM redeliveries
    WHERE finished_at IS NOT NULL
        AND created_at < now() - make_interval(days => @retention_days::integer)
),
removed AS (
    DELETE FROM removed_jobs
    WHERE ctid = ANY (ARRAY(
        SELECT r.ctid
        FROM removed_jobs AS r
        WHERE r.removed_at < now() - make_interval(days => @retention_days::integer)
            AND NOT EXISTS (SELECT FROM events AS e WHERE e.subject_id = r.job_id)
        ORDER BY r.removed_at
        LIMIT @row_limit::integer
    ))
    RETURNING 1
),
exceptions AS (
    DELETE FROM delivery_exceptions
    WHERE ctid = ANY (ARRAY(
        SELECT ctid
        FROM delivery_exceptions
        WHERE last_tried_at < now() - make_interval(days => @retention_days::integer + 1)
        ORDER BY last_tried_at
        LIMIT @row_limit::integer
    ))
    RETURNING 1
)
SELECT greatest((SELECT count(*) FROM exceptions), (SELECT count(*) FROM removed))::integer
