-- Hosts with nodes that have had no server for @lost_seconds, in the eyes of a host that itself had one all that time without a gap: when the database was away
-- for everybody, nobody is lost. Caller: EnvironmentStore. No locks.
SELECT DISTINCT n.provider_host
FROM nodes AS n
WHERE n.deleted_at IS NULL
    AND n.provider_host <> @host_id::text
    AND NOT EXISTS (
        SELECT
        FROM hosts AS h
        WHERE h.host_id = n.provider_host
            AND h.beat_at > clock_timestamp() - make_interval(secs => @lost_seconds::double precision)
    )
    AND EXISTS (
        SELECT
        FROM hosts AS me
        WHERE me.host_id = @host_id::text
            AND me.alive_since < clock_timestamp() - make_interval(secs => @lost_seconds::double precision)
    )
