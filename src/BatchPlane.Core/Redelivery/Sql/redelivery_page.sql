-- The next rows of a shard that a redelivery of a topic looks at, from its cursor on. Caller: RedeliveryStore.
-- Parameters: @shard; @txid, @event_no: the row to begin with, itself included; @end_txid, @end_event_no: the last one; @since, @until: null: no limit; @row_limit.
-- Returns 0 to @row_limit rows, with the columns of events_page.sql. Locks nothing. All of it lies before the shard's own cursor and is settled.
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
    AND (order_txid, event_no) >= (@txid::xid8, @event_no::bigint)
    AND (order_txid, event_no) <= (@end_txid::xid8, @end_event_no::bigint)
    AND (@since::timestamptz IS NULL OR occurred_at >= @since::timestamptz)
    AND (@until::timestamptz IS NULL OR occurred_at < @until::timestamptz)
ORDER BY order_txid, event_no
LIMIT @row_limit::integer
