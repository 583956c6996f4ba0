-- Partitions for today and the days to come. Caller: JournalStore. Servers do this one after the other (the advisory lock, whose
-- number is BatchPlane's own): two that make the same partition at once would fail, since neither sees the other's.
WITH turn AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(7230019640552)
)
SELECT journal_ensure_partition((now() AT TIME ZONE 'UTC')::date + ahead)
FROM turn
CROSS JOIN generate_series(0, @days_ahead::integer) AS days (ahead)
