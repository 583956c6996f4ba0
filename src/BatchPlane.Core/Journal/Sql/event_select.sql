-- The row that holds one event of a subject. Caller: OutboxReader. Parameters: @subject_id, @sequence. Returns at most one row. Locks nothing.
-- A row may stand for many events: it is the last that does not begin after the sequence.
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
    AND sequence <= @sequence::bigint
ORDER BY sequence DESC
LIMIT 1;
