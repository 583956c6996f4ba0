-- Waits until no other server migrates this database. Caller: MigrationRunner. The number is BatchPlane's own, arbitrary.
SELECT pg_advisory_lock(7230019640551)
