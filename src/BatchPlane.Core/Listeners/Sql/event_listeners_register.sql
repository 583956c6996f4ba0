-- Makes listeners known that are not yet, each with its place behind what is settled now, or at the beginning of the journal.
-- Caller: ListenerStore, when a server has loaded them. Parameters: @names; @from_oldest. Locks the rows it adds.
INSERT INTO event_listeners AS l (listener_name, registered_at, cursor_txid, cursor_event_no, cursor_count)
SELECT
    v.name,
    clock_timestamp(),
    CASE WHEN @from_oldest::boolean THEN b.txid ELSE pg_snapshot_xmin(pg_current_snapshot()) END,
    CASE WHEN @from_oldest::boolean THEN b.event_no ELSE 0 END,
    -- Behind the last row that was dropped; before the first that is not settled.
    CASE WHEN @from_oldest::boolean THEN 2147483647 ELSE 0 END
FROM unnest(@names::text[]) AS v (name)
CROSS JOIN journal_begin AS b
ORDER BY v.name
ON CONFLICT (listener_name) DO NOTHING
