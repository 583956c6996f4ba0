-- The row of an event, and whether its messages are behind the cursor of its shard. Caller: DeliveryQueries. Parameters: @subject_id, @sequence. One row or none:
-- its first sequence, and true when it is delivered. Locks nothing.
-- Within a row with a span, the cursor may have passed some events: those of the first row behind it, up to its offset.
SELECT
    e.sequence,
    (e.order_txid, e.event_no) <= (s.cursor_txid, s.cursor_event_no)
        OR (
            @sequence::bigint - e.sequence < s.cursor_offset
            AND NOT EXISTS (
                SELECT
                FROM events AS earlier
                WHERE earlier.shard = e.shard
                    AND earlier.notify <> 0
                    AND (earlier.order_txid, earlier.event_no) > (s.cursor_txid, s.cursor_event_no)
                    AND (earlier.order_txid, earlier.event_no) < (e.order_txid, e.event_no)
            )
        ) AS is_delivered
FROM events AS e
JOIN dispatcher_shards AS s ON s.shard = e.shard
WHERE e.subject_id = @subject_id::text
    AND e.sequence <= @sequence::bigint
ORDER BY e.sequence DESC
LIMIT 1
