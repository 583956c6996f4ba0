-- The journal onwards from a row, in its order.
-- Caller: JournalReader. Parameters: @txid, @event_no: the row to begin with, itself included; @below_txid: only rows with a smaller order_txid; @row_limit.
-- Returns 0 to @row_limit rows. Locks nothing. Only what is settled: see OutboxReader for why that leaves no gap.
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
    attempt,
    node_id,
    exit_code,
    cause,
    reason,
    source,
    launched_at,
    running_at,
    running_offsets,
    occurred_at,
    notify,
    details::text
FROM events
WHERE span > 0
    AND (order_txid, event_no) >= (@txid::xid8, @event_no::bigint)
    AND order_txid < least(@below_txid::xid8, pg_snapshot_xmin(pg_current_snapshot()))
ORDER BY order_txid, event_no
LIMIT @row_limit::integer
