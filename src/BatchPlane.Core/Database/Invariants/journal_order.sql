-- Must hold: in the order in which the dispatcher reads (order_txid, then event_no) no journal row of a subject comes before
-- one with a lower sequence, and the subject's journal_txid is not below the order_txid of its newest row (it is above where an environment was changed
-- without a row).
-- Caller: whoever checks the database. Rows: one per row out of order. Reads everything in one snapshot; no locks.
WITH read_order AS (
    SELECT
        subject_id,
        sequence,
        max(sequence) OVER (
            PARTITION BY subject_id
            ORDER BY order_txid, event_no
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS before
    FROM events
),
newest AS (
    SELECT DISTINCT ON (subject_id)
        subject_id,
        order_txid
    FROM events
    ORDER BY
        subject_id,
        sequence DESC
),
subjects AS (
    SELECT job_id AS subject_id, journal_txid FROM jobs
    UNION ALL
    SELECT env_id, journal_txid FROM environments
    UNION ALL
    SELECT subscription_id, journal_txid FROM subscriptions
)
SELECT
    subject_id AS subject,
    'sequence ' || sequence || ' is read after ' || before AS problem
FROM read_order
WHERE before > sequence
UNION ALL
SELECT
    s.subject_id,
    'journal_txid is ' || s.journal_txid || ', its newest row has order_txid ' || n.order_txid
FROM subjects AS s
JOIN newest AS n ON n.subject_id = s.subject_id
WHERE s.journal_txid < n.order_txid
