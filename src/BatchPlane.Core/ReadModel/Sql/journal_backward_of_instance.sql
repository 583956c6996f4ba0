-- The journal of the attempts of one instance, backwards from a row. Of rows that stand for many instances too.
-- Caller: JournalReader. Parameters: @txid, @event_no: the row to begin with, itself included; @below_txid: only rows with a smaller order_txid; @subject_id: the job; @task_no; @instance_index;
-- @max_span: most events of such a row; @row_limit. Returns 0 to @row_limit rows. Locks nothing. Only what is settled: see OutboxReader for why that leaves no gap.
-- Apart, so that of its neighbours only those rows are read that stand for many: an index for each.
SELECT *
FROM (
    (
        SELECT *
        FROM journal_rows
        WHERE (order_txid, event_no) <= (@txid::xid8, @event_no::bigint)
            AND order_txid < least(@below_txid::xid8, pg_snapshot_xmin(pg_current_snapshot()))
            AND subject_id = @subject_id::text
            AND task_no = @task_no::integer
            AND span = 1
            AND instance_index = @instance_index::integer
            AND attempt IS NOT NULL
        ORDER BY order_txid DESC, event_no DESC
        LIMIT @row_limit::integer
    )
    UNION ALL
    (
        SELECT *
        FROM journal_rows
        WHERE (order_txid, event_no) <= (@txid::xid8, @event_no::bigint)
            AND order_txid < least(@below_txid::xid8, pg_snapshot_xmin(pg_current_snapshot()))
            AND subject_id = @subject_id::text
            AND task_no = @task_no::integer
            AND span <> 1
            AND instance_index BETWEEN @instance_index::integer - @max_span::integer + 1 AND @instance_index::integer
            AND instance_index + span > @instance_index::integer
            AND attempt IS NOT NULL
        ORDER BY order_txid DESC, event_no DESC
        LIMIT @row_limit::integer
    )
) AS of_instance
ORDER BY order_txid DESC, event_no DESC
LIMIT @row_limit::integer
