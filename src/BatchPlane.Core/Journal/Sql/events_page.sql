-- The next rows of a shard that may be delivered, in order.
-- Caller: OutboxReader. Parameters: @shard; @cursor_txid, @cursor_event_no: the last row delivered whole; @page_size: rows.
-- Returns 0 to @page_size rows. Locks nothing.
-- The horizon and the rows come from one snapshot: that is what makes it free of gaps (see OutboxReader).
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
WHERE shard = @shard::smallint
    AND notify <> 0
    AND (order_txid, event_no) > (@cursor_txid::xid8, @cursor_event_no::bigint)
    AND order_txid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY order_txid, event_no
LIMIT @page_size::integer;
