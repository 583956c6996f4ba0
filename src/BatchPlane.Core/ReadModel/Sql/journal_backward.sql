-- The journal backwards from a row, against its order.
-- Caller: JournalReader. Parameters: @txid, @event_no: the row to begin with, itself included; @below_txid: only rows with a smaller order_txid; @row_limit.
-- Returns 0 to @row_limit rows. Locks nothing. Only what is settled: see OutboxReader for why that leaves no gap.
SELECT *
FROM journal_rows
WHERE span > 0
    AND (order_txid, event_no) <= (@txid::xid8, @event_no::bigint)
    AND order_txid < least(@below_txid::xid8, pg_snapshot_xmin(pg_current_snapshot()))
ORDER BY order_txid DESC, event_no DESC
LIMIT @row_limit::integer
