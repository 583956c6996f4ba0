-- A dispatcher leaves, and those that died long ago are forgotten.
-- Caller: ShardLeases, at a graceful stop. Parameters: @holder. Locks the rows it deletes.
DELETE FROM dispatchers
WHERE holder = @holder::text
    OR alive_until < clock_timestamp() - interval '1 hour';
