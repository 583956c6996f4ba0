-- Makes the table that remembers applied migrations. Caller: MigrationRunner, under its advisory lock.
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE schema_migrations IS 'Migrations applied to this database. A server refuses to start when one is unknown to it or its text has changed.';
