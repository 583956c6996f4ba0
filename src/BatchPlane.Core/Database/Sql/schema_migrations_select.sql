-- Applied migrations: version, checksum. Caller: MigrationRunner.
SELECT version, checksum
FROM schema_migrations
ORDER BY version
