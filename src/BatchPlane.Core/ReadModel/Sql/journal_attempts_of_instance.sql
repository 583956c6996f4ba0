-- What happened to one attempt of an instance, or what ended all of them, the oldest first: whatever is committed, settled or not.
-- Caller: JournalReader. Parameters: @subject_id: the job; @task_no; @instance_index; @max_span: most events of a row; @attempt; null: of all attempts the rows that may end one,
-- and so none of the many that tell of progress; @row_limit. Returns 0 to @row_limit rows. Locks nothing.
-- Apart as in journal_forward_of_instance.sql.
SELECT *
FROM (
    (
        SELECT *
        FROM journal_rows
        WHERE subject_id = @subject_id::text
            AND task_no = @task_no::integer
            AND span = 1
            AND instance_index = @instance_index::integer
            AND attempt IS NOT NULL
            AND CASE WHEN @attempt::integer IS NULL THEN cause IS NOT NULL AND launched_at IS NOT NULL ELSE attempt = @attempt::integer END
        ORDER BY order_txid, event_no
        LIMIT @row_limit::integer
    )
    UNION ALL
    (
        SELECT *
        FROM journal_rows
        WHERE subject_id = @subject_id::text
            AND task_no = @task_no::integer
            AND span <> 1
            AND instance_index BETWEEN @instance_index::integer - @max_span::integer + 1 AND @instance_index::integer
            AND instance_index + span > @instance_index::integer
            AND attempt IS NOT NULL
            AND CASE WHEN @attempt::integer IS NULL THEN cause IS NOT NULL AND launched_at IS NOT NULL ELSE attempt = @attempt::integer END
        ORDER BY order_txid, event_no
        LIMIT @row_limit::integer
    )
) AS of_instance
ORDER BY order_txid, event_no
LIMIT @row_limit::integer
