-- Remembers a migration, in its own transaction. Caller: MigrationRunner.
INSERT INTO schema_migrations (version, name, checksum)
VALUES (@version::integer, @name::text, @checksum::text)
