-- Stores the wish that events are delivered again, unless too many are open. Caller: RedeliveryStore, in the transaction of the idempotency key.
-- Parameters: @redelivery_id; @subject_id, @first_sequence, @last_sequence: null: a whole topic; @topic_key, @since, @until, @only_state, @subscription_id: null: no limit; @shard: of the
-- subject; @created_by; @max_open. Returns how many shards have to do with it: 0 when too many are open. Locks nothing that was there.
-- It begins where the newest mark before @since says, else where the journal begins, and ends where each shard is delivered now.
WITH made AS (
    INSERT INTO redeliveries (
        redelivery_id, subject_id, first_sequence, last_sequence, topic_key, since, until, only_state, subscription_id, created_by, created_at
    )
    SELECT
        @redelivery_id::text,
        @subject_id::text,
        @first_sequence::bigint,
        @last_sequence::bigint,
        @topic_key::text,
        @since::timestamptz,
        @until::timestamptz,
        @only_state::text,
        @subscription_id::text,
        @created_by::text,
        clock_timestamp()
    WHERE (
        SELECT count(*)
        FROM redeliveries
        WHERE finished_at IS NULL
    ) < @max_open::integer
    RETURNING redelivery_id
),
shards AS (
    INSERT INTO redelivery_shards (redelivery_id, shard, cursor_txid, cursor_event_no, cursor_count, end_txid, end_event_no)
    SELECT
        made.redelivery_id,
        s.shard,
        coalesce(
            (
                SELECT m.settled_txid
                FROM journal_marks AS m
                WHERE m.noted_at <= @since::timestamptz
                ORDER BY m.noted_at DESC
                LIMIT 1
            ),
            '0'::xid8
        ),
        0,
        0,
        s.cursor_txid,
        s.cursor_event_no
    FROM made
    CROSS JOIN dispatcher_shards AS s
    WHERE @shard::smallint IS NULL OR s.shard = @shard::smallint
    RETURNING 1
)
SELECT count(*)::integer
FROM shards
