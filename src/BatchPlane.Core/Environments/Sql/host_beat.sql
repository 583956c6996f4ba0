-- Notes that a host which makes nodes has a server. After a gap of more than @gap_seconds its time without a gap begins anew. Caller: EnvironmentStore.
INSERT INTO hosts (
    host_id,
    alive_since,
    beat_at
)
VALUES (
    @host_id::text,
    clock_timestamp(),
    clock_timestamp()
)
ON CONFLICT (host_id) DO UPDATE
SET
    alive_since = CASE
        WHEN hosts.beat_at < excluded.beat_at - make_interval(secs => @gap_seconds::double precision) THEN excluded.beat_at
        ELSE hosts.alive_since
    END,
    beat_at = excluded.beat_at
