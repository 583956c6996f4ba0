-- Says what a server could not load, in place of what it said when it started before. Caller: ListenerStore, when a server starts. Parameters: @server; @plug_ins, @errors: of equal length,
-- each plug-in once. Locks the server's rows.
WITH mended AS (
    DELETE FROM listener_load_errors
    WHERE server_name = @server::text
        AND plug_in <> ALL (@plug_ins::text[])
)
INSERT INTO listener_load_errors AS e (server_name, plug_in, error, noted_at)
SELECT @server::text, v.plug_in, v.error, clock_timestamp()
FROM unnest(@plug_ins::text[], @errors::text[]) AS v (plug_in, error)
ORDER BY v.plug_in
ON CONFLICT (server_name, plug_in) DO UPDATE
SET error = excluded.error,
    noted_at = excluded.noted_at
