-- Who shares the dispatcher shards: a dispatcher without a shard has no row in dispatcher_shards, yet counts.
-- Locking: creates only. Running time: milliseconds.

CREATE TABLE dispatchers (
    holder      text PRIMARY KEY,
    alive_until timestamptz NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE dispatchers IS 'Dispatchers that live, so that they share the shards evenly. Each renews its own row.';
COMMENT ON COLUMN dispatchers.alive_until IS 'Until when it counts (database clock).';
