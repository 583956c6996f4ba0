-- The journal of some jobs onwards from a row, in its order. All their rows are read and sorted, so callers have made sure that there are few (journal_subjects.sql).
-- Caller: JournalReader. Parameters: @txid, @event_no: the row to begin with, itself included; @below_txid: only rows with a smaller order_txid; @subject_ids; @row_limit.
-- Returns 0 to @row_limit rows. Locks nothing. Only what is settled: see OutboxReader for why that leaves no gap.
-- Without span > 0 it cannot go by events_order_idx, over rows of everybody.
SELECT *
FROM journal_rows
WHERE (order_txid, event_no) >= (@txid::xid8, @event_no::bigint)
    AND order_txid < least(@below_txid::xid8, pg_snapshot_xmin(pg_current_snapshot()))
    AND subject_id = ANY (@subject_ids::text[])
ORDER BY order_txid, event_no
LIMIT @row_limit::integer
