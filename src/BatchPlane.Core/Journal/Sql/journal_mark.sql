-- Notes where in the order of the journal this moment is, unless that was done lately.
-- Caller: JournalStore, again and again. Parameters: @pause: interval. Locks nothing.
-- now() is before the snapshot, clock_timestamp() after it: see the comment on journal_marks for what follows.
INSERT INTO journal_marks (began_at, noted_at, settled_txid, next_txid)
SELECT
    now(),
    clock_timestamp(),
    pg_snapshot_xmin(pg_current_snapshot()),
    pg_snapshot_xmax(pg_current_snapshot())
WHERE NOT EXISTS (
    SELECT
    FROM journal_marks
    WHERE noted_at > clock_timestamp() - @pause::interval
)
ON CONFLICT (noted_at) DO NOTHING
