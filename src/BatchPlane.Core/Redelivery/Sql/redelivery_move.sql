-- Moves a redelivery on in one shard and forgets the exceptions of messages that arrived. Caller: RedeliveryStore, under redelivery_lock.sql.
-- Parameters: @redelivery_id; @shard, @epoch: the lease; @txid, @event_no, @count: the new cursor; @sent, @unrouted, @failed, @skipped: since the last one;
-- @is_done; @subject_ids, @sequences, @topic_keys: what arrived, of equal length. Returns 1; 0 when the shard was taken over. Locks what it writes, and the shard's
-- row against being taken over meanwhile.
WITH held AS (
    SELECT shard
    FROM dispatcher_shards
    WHERE shard = @shard::smallint
        AND epoch = @epoch::bigint
    FOR SHARE
),
moved AS (
    UPDATE redelivery_shards AS r
    SET cursor_txid = @txid::xid8,
        cursor_event_no = @event_no::bigint,
        cursor_count = @count::integer,
        sent = r.sent + @sent::bigint,
        unrouted = r.unrouted + @unrouted::bigint,
        failed = r.failed + @failed::bigint,
        skipped = r.skipped + @skipped::bigint,
        finished_at = CASE WHEN @is_done::boolean THEN clock_timestamp() END
    FROM held
    WHERE r.redelivery_id = @redelivery_id::text
        AND r.shard = held.shard
        AND r.finished_at IS NULL
    RETURNING r.shard
),
forgotten AS (
    DELETE FROM delivery_exceptions AS e
    USING unnest(@subject_ids::text[], @sequences::bigint[], @topic_keys::text[]) AS arrived (subject_id, sequence, topic_key)
    WHERE e.subject_id = arrived.subject_id
        AND e.sequence = arrived.sequence
        AND e.topic_key = arrived.topic_key
        AND EXISTS (SELECT FROM moved)
)
SELECT count(*)::integer
FROM moved
