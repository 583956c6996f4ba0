-- Where the journal begins and how far it is settled, and between which transaction ids two times lie.
-- Caller: JournalReader. Parameters: @since, @until: times or null. One row: txid and event_no of the last place that was dropped; the horizon; the first
-- order_txid that something since @since can have; one that nothing before @until can have. The last two are null when nothing is known. Locks nothing.
SELECT
    b.txid,
    b.event_no,
    pg_snapshot_xmin(pg_current_snapshot()) AS settled_txid,
    (
        SELECT m.settled_txid
        FROM journal_marks AS m
        WHERE m.noted_at <= @since::timestamptz
        ORDER BY m.noted_at DESC
        LIMIT 1
    ) AS since_txid,
    (
        -- A minute later, for transactions whose time is read before they have an id.
        SELECT m.next_txid
        FROM journal_marks AS m
        WHERE m.noted_at >= @until::timestamptz
            AND m.began_at >= @until::timestamptz + interval '1 minute'
        ORDER BY m.noted_at
        LIMIT 1
    ) AS until_txid
FROM journal_begin AS b
