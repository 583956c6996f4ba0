-- Partitions for today and the days to come. Caller: JournalStore.
SELECT journal_ensure_partition((now() AT TIME ZONE 'UTC')::date + ahead)
FROM generate_series(0, @days_ahead::integer) AS days (ahead)
