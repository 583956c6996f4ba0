-- The journal of one job or environment onwards from a row, in its order, which is that of its sequence too. The place is looked up once, as a sequence: what lies before it is not read, nor what lies behind the end.
-- Caller: JournalReader. Parameters: @txid, @event_no: the row to begin with, itself included; @below_txid: only rows with a smaller order_txid; @subject_id; @row_limit.
-- Returns 0 to @row_limit rows. Locks nothing. Only what is settled: see OutboxReader for why that leaves no gap.
SELECT *
FROM journal_rows
WHERE (order_txid, event_no) >= (@txid::xid8, @event_no::bigint)
    AND order_txid < least(@below_txid::xid8, pg_snapshot_xmin(pg_current_snapshot()))
    AND subject_id = @subject_id::text
    AND sequence >= (SELECT journal_sequence_at(@subject_id::text, @txid::xid8, @event_no::bigint))
    AND sequence < (SELECT journal_sequence_at(@subject_id::text, least(@below_txid::xid8, pg_snapshot_xmin(pg_current_snapshot())), 0))
ORDER BY sequence
LIMIT @row_limit::integer
