-- Ends the wait of other servers. Caller: MigrationRunner.
SELECT pg_advisory_unlock(7230019640551)
