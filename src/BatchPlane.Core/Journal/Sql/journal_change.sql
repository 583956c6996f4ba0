-- Before partitions are made or dropped. Caller: JournalStore, in their transaction.
-- One server at a time: two that start together would both find a partition missing, and one of them would fail.
-- Dropping locks the whole journal, making its default partition, and who comes later queues behind a lock that waits: behind a long reader (a backup) it gives up
-- rather than stop the engine, and is tried again. The number is BatchPlane's own, arbitrary.
SELECT
    set_config('lock_timeout', '2s', true),
    pg_advisory_xact_lock(7230019640552)
