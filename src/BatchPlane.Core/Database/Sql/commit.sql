-- Ends a transaction in the round trip that stores what it decided. Caller: JobStore.
COMMIT
