-- The oldest redelivery that a shard has still to do. Caller: RedeliveryStore. Parameters: @shard. One row or none; topic_key and bindings of the subscription are null when it is gone. Locks nothing.
SELECT
    r.redelivery_id,
    r.subject_id,
    r.first_sequence,
    r.last_sequence,
    r.topic_key,
    r.since,
    r.until,
    r.only_state,
    s.cursor_txid,
    s.cursor_event_no,
    s.cursor_count,
    s.end_txid,
    s.end_event_no,
    r.subscription_id,
    subscriptions.topic_key,
    subscriptions.bindings,
    r.created_at,
    subscriptions.filter::text,
    coalesce(subscriptions.protocol = 'queue', false)
FROM redelivery_shards AS s
JOIN redeliveries AS r ON r.redelivery_id = s.redelivery_id
LEFT JOIN subscriptions ON subscriptions.subscription_id = r.subscription_id
WHERE s.shard = @shard::smallint
    AND s.finished_at IS NULL
    AND r.finished_at IS NULL
ORDER BY r.created_at, r.redelivery_id
LIMIT 1
