-- Says what a server could not load, and forgets what servers said that died long ago. Caller: ListenerStore, when a server starts. Parameters: @holder: the server; @lease: interval;
-- @plug_ins, @errors: of equal length, each plug-in once. Locks the rows it deletes.
WITH died AS (
    DELETE FROM listener_load_errors
    WHERE alive_until < clock_timestamp() - interval '1 hour'
)
INSERT INTO listener_load_errors (holder, plug_in, error, alive_until)
SELECT @holder::text, v.plug_in, v.error, clock_timestamp() + @lease::interval
FROM unnest(@plug_ins::text[], @errors::text[]) AS v (plug_in, error)
