-- The next rows that a redelivery of events of one job or environment looks at, from its cursor on. Caller: RedeliveryStore.
-- Parameters: @subject_id; @first_sequence, @last_sequence; @txid, @event_no: the row to begin with, itself included; @end_txid, @end_event_no: the last one that is delivered; @row_limit.
-- Returns 0 to @row_limit rows, with the columns of events_page.sql. Locks nothing.
SELECT
    order_txid,
    event_no,
    subject_id,
    sequence,
    span,
    level,
    state,
    task_no,
    instance_index,
    node_id,
    exit_code,
    reason,
    launched_at,
    running_at,
    running_offsets,
    occurred_at,
    notify,
    details::text,
    attempt,
    cause
FROM events
WHERE subject_id = @subject_id::text
    AND notify <> 0
    AND sequence >= coalesce(
        (
            SELECT max(before.sequence)
            FROM events AS before
            WHERE before.subject_id = @subject_id::text
                AND before.sequence <= @first_sequence::bigint
        ),
        0
    )
    AND sequence <= @last_sequence::bigint
    AND (order_txid, event_no) >= (@txid::xid8, @event_no::bigint)
    AND (order_txid, event_no) <= (@end_txid::xid8, @end_event_no::bigint)
ORDER BY sequence
LIMIT @row_limit::integer
