-- The journal of the attempts of one instance, backwards from a row. Of rows that stand for many instances too.
-- Caller: JournalReader. Parameters: @txid, @event_no: the row to begin with, itself included; @below_txid: only rows with a smaller order_txid; @subject_id: the job; @task_no; @instance_index;
-- @max_span: most events of such a row; @only_settled: false: whatever is committed, which a reader by places would get in another order; @row_limit. Returns 0 to @row_limit rows. Locks nothing.
-- Not ordered by sequence: that is the order of events_subject_idx, of the whole job.
SELECT *
FROM journal_rows
WHERE (order_txid, event_no) <= (@txid::xid8, @event_no::bigint)
    AND order_txid < @below_txid::xid8
    AND (NOT @only_settled::boolean OR order_txid < pg_snapshot_xmin(pg_current_snapshot()))
    AND subject_id = @subject_id::text
    AND task_no = @task_no::integer
    AND instance_index BETWEEN @instance_index::integer - @max_span::integer + 1 AND @instance_index::integer
    AND instance_index + span > @instance_index::integer
    AND attempt IS NOT NULL
ORDER BY order_txid DESC, event_no DESC
LIMIT @row_limit::integer
