-- Gives a shard back, so that another dispatcher takes it at once.
-- Caller: ShardLeases. Parameters: @shard, @epoch. Changes nothing when the shard was taken over. Locks one row.
UPDATE dispatcher_shards
SET holder = NULL,
    lease_until = NULL
WHERE shard = @shard::smallint
    AND epoch = @epoch::bigint;
