-- The time of a batch: read after its locks were taken, so that it never runs against the jobs' earlier journal rows.
-- Caller: JobStore, EnvironmentStore.
SELECT clock_timestamp()
