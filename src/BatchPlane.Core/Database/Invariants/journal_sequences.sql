-- Must hold: the journal rows of a job, environment or subscription follow each other without gap or overlap, spans counted, the last one
-- ends at the subject's last_sequence, and its first row, while that is kept, is number 1. No row is without a subject, those apart
-- of jobs that were deleted, which the last of them says, and those of subscriptions, which go without a row.
-- Caller: whoever checks the database. Rows: one per gap, overlap or wrong end. Reads everything in one snapshot; no locks.
WITH subjects AS (
    SELECT job_id AS subject_id, last_sequence, created_at FROM jobs
    UNION ALL
    SELECT env_id, last_sequence, created_at FROM environments
    UNION ALL
    SELECT subscription_id, last_sequence, created_at FROM subscriptions WHERE last_sequence > 0
),
oldest AS (
    SELECT coalesce(min(occurred_at), '-infinity') - interval '1 minute' AS at
    FROM events
),
neighbours AS (
    SELECT
        subject_id,
        sequence,
        span,
        lag(sequence + span) OVER (PARTITION BY subject_id ORDER BY sequence, event_no) AS expected
    FROM events
),
ends AS (
    SELECT
        subject_id,
        min(sequence) AS first_sequence,
        max(sequence + span - 1) AS last_sequence,
        (array_agg(state ORDER BY sequence DESC))[1] AS last_state,
        bool_and(level = 'subscription') AS is_subscription
    FROM events
    GROUP BY subject_id
)
SELECT
    subject_id AS subject,
    'sequence ' || sequence || ' where ' || expected || ' was to come' AS problem
FROM neighbours
WHERE sequence <> expected
UNION ALL
SELECT
    coalesce(s.subject_id, e.subject_id),
    CASE
        WHEN s.subject_id IS NULL THEN 'has journal rows, but no row of its own'
        ELSE 'last_sequence is ' || s.last_sequence || ', the journal has '
            || coalesce(e.first_sequence, 0) || ' to ' || coalesce(e.last_sequence, 0)
    END
FROM subjects AS s
FULL JOIN ends AS e ON e.subject_id = s.subject_id
CROSS JOIN oldest AS o
WHERE (s.subject_id IS NULL AND e.last_state <> 'DELETED' AND NOT e.is_subscription)
    OR s.last_sequence <> e.last_sequence
    OR (s.created_at >= o.at AND e.first_sequence IS DISTINCT FROM 1)
