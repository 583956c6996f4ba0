-- How far each shard is behind. Caller: DispatchQueries. Parameters: @row_limit: rows of each shard that are counted. Rows: shard, who holds it, epoch, when its cursor moved;
-- events that wait, seconds that the first of them waits, how many rows were counted. Locks nothing.
SELECT
    s.shard,
    CASE WHEN s.lease_until > clock_timestamp() THEN s.holder END,
    s.epoch,
    s.moved_at,
    coalesce(p.events, 0)::bigint,
    coalesce(greatest(extract(epoch FROM clock_timestamp() - p.oldest), 0), 0)::double precision,
    coalesce(p.row_count, 0)::integer
FROM dispatcher_shards AS s
LEFT JOIN LATERAL (
    SELECT
        -- The dispatcher may be within the first row.
        greatest(sum(w.span) - s.cursor_offset, 0) AS events,
        min(w.occurred_at) AS oldest,
        count(*) AS row_count
    FROM (
        SELECT span, occurred_at
        FROM events
        WHERE shard = s.shard
            AND notify <> 0
            AND (order_txid, event_no) > (s.cursor_txid, s.cursor_event_no)
        ORDER BY order_txid, event_no
        LIMIT @row_limit::integer
    ) AS w
    HAVING count(*) > 0
) AS p ON true
ORDER BY s.shard
