-- All listeners by name, and what could not be loaded, and how far each is behind. Caller: ListenerStore. Parameters: @row_limit: rows of the journal that are counted for each; @after: null, or the last name of the page before;
-- @listener_limit.
-- Rows: as ListenerStore reads them; pending events, seconds that the first waits, rows that were counted. Locks nothing.
SELECT
    n.listener_name,
    CASE WHEN l.lease_until > clock_timestamp() THEN l.holder END,
    l.paused_at,
    coalesce(l.handled_events, 0),
    l.moved_at,
    coalesce(l.failures, 0),
    l.retry_at,
    l.last_error,
    l.last_failed_at,
    (
        SELECT string_agg(e.holder || ': ' || e.error, '; ' ORDER BY e.holder)
        FROM listener_load_errors AS e
        WHERE e.plug_in = n.listener_name
            AND e.alive_until > clock_timestamp()
    ),
    coalesce(l.gaps, 0),
    l.last_gap_at,
    l.last_gap,
    coalesce(p.events, 0)::bigint,
    coalesce(greatest(extract(epoch FROM clock_timestamp() - p.oldest), 0), 0)::double precision,
    coalesce(p.row_count, 0)::integer
FROM (
    SELECT listener_name
    FROM (
        SELECT listener_name
        FROM event_listeners
        UNION
        SELECT plug_in
        FROM listener_load_errors
        WHERE alive_until > clock_timestamp()
    ) AS known
    WHERE @after::text IS NULL OR listener_name > @after::text
    ORDER BY listener_name
    LIMIT @listener_limit::integer
) AS n
LEFT JOIN event_listeners AS l ON l.listener_name = n.listener_name
LEFT JOIN LATERAL (
    SELECT
        sum(
            CASE
                WHEN w.order_txid = l.cursor_txid AND w.event_no = l.cursor_event_no THEN greatest(w.span - l.cursor_count, 0)
                ELSE w.span
            END
        ) AS events,
        min(w.occurred_at) FILTER (
            WHERE w.order_txid <> l.cursor_txid OR w.event_no <> l.cursor_event_no OR w.span > l.cursor_count
        ) AS oldest,
        count(*) AS row_count
    FROM (
        SELECT order_txid, event_no, span, occurred_at
        FROM events
        WHERE span > 0
            AND (order_txid, event_no) >= (l.cursor_txid, l.cursor_event_no)
        ORDER BY order_txid, event_no
        LIMIT @row_limit::integer
    ) AS w
) AS p ON true
ORDER BY n.listener_name
