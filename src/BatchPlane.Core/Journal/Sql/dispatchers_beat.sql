-- Says that a dispatcher lives, renews the leases it holds and tells how many shards are its fair share.
-- Caller: ShardLeases, every renewal. Parameters: @holder: who; @lease: interval; @shards, @epochs: the leases it believes to hold.
-- Returns one row: share, and the shards of @shards that are still its own (another epoch: somebody took it over).
-- Locks its own row of dispatchers and its rows of dispatcher_shards.
-- The share counts dispatchers alive in the snapshot; the one that joins just now counts itself in.
WITH alive AS (
    INSERT INTO dispatchers (holder, alive_until)
    VALUES (@holder::text, clock_timestamp() + @lease::interval)
    ON CONFLICT (holder) DO UPDATE
    SET alive_until = excluded.alive_until
    RETURNING holder
),
members AS (
    SELECT holder FROM alive
    UNION
    SELECT holder FROM dispatchers WHERE alive_until > clock_timestamp()
),
ranked AS (
    SELECT
        holder,
        row_number() OVER (ORDER BY holder) AS rank,
        count(*) OVER () AS members
    FROM members
),
held AS (
    SELECT shard, epoch
    FROM unnest(@shards::smallint[], @epochs::bigint[]) AS held (shard, epoch)
),
locked AS (
    SELECT dispatcher_shards.shard
    FROM dispatcher_shards
    JOIN held USING (shard, epoch)
    ORDER BY dispatcher_shards.shard
    FOR UPDATE OF dispatcher_shards
),
renewed AS (
    UPDATE dispatcher_shards
    SET lease_until = clock_timestamp() + @lease::interval
    FROM locked
    WHERE dispatcher_shards.shard = locked.shard
    RETURNING dispatcher_shards.shard
)
SELECT
    (total.shards / members + CASE WHEN rank <= total.shards % members THEN 1 ELSE 0 END)::integer AS share,
    ARRAY(SELECT shard FROM renewed) AS renewed
FROM ranked
CROSS JOIN (SELECT count(*) AS shards FROM dispatcher_shards) AS total
WHERE holder = @holder::text;
