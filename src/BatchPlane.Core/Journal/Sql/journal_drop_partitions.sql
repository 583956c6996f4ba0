-- Drops what is older than the retention and delivered. Caller: JournalStore. Row: how many partitions went.
SELECT journal_drop_partitions_before((now() AT TIME ZONE 'UTC')::date - @retention_days::integer)
