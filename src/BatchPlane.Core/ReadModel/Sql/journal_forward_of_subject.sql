-- The journal of one job or environment onwards from a row, in its order, which is that of its sequence too. When the row is its own, its sequence says where to begin.
-- Caller: JournalReader. Parameters: @txid, @event_no: the row to begin with, itself included; @below_txid: only rows with a smaller order_txid; @subject_id; @row_limit.
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
WHERE (order_txid, event_no) >= (@txid::xid8, @event_no::bigint)
    AND order_txid < least(@below_txid::xid8, pg_snapshot_xmin(pg_current_snapshot()))
    AND subject_id = @subject_id::text
    AND sequence >= coalesce(
        (
            SELECT at_place.sequence
            FROM events AS at_place
            WHERE at_place.order_txid = @txid::xid8
                AND at_place.event_no = @event_no::bigint
                AND at_place.subject_id = @subject_id::text
                AND at_place.span > 0
        ),
        0
    )
ORDER BY sequence
LIMIT @row_limit::integer
