-- Messages that wait for each topic, the most first. Caller: DispatchQueries. Parameters: @row_limit: rows of each shard that are counted; @topic_limit.
-- Rows: topic, messages, seconds that the first of them waits. Locks nothing. Topics are those of the notifications of the subject: bit n of notify stands for element n, which has one topic or several. What is about a subscription names its topic itself.
WITH waiting AS MATERIALIZED (
    SELECT w.subject_id, w.notify, sum(w.span) AS events, min(w.occurred_at) AS oldest, min(w.topic_name) AS topic_name
    FROM dispatcher_shards AS s
    CROSS JOIN LATERAL (
        SELECT
            subject_id,
            notify,
            span - CASE WHEN row_number() OVER (ORDER BY order_txid, event_no) = 1 THEN s.cursor_offset ELSE 0 END AS span,
            occurred_at,
            CASE WHEN level = 'subscription' THEN details ->> 'topic_name' END AS topic_name
        FROM events
        WHERE shard = s.shard
            AND notify <> 0
            AND (order_txid, event_no) > (s.cursor_txid, s.cursor_event_no)
        ORDER BY order_txid, event_no
        LIMIT @row_limit::integer
    ) AS w
    GROUP BY w.subject_id, w.notify
),
subjects AS (
    SELECT
        w.events,
        w.oldest,
        w.notify,
        coalesce(j.notifications, e.notifications, jsonb_build_array(jsonb_build_object('topic_name', w.topic_name))) AS notifications
    FROM waiting AS w
    LEFT JOIN jobs AS j ON j.job_id = w.subject_id
    LEFT JOIN environments AS e ON e.env_id = w.subject_id
)
SELECT
    min(topic.name) AS topic_name,
    sum(s.events)::bigint AS messages,
    greatest(extract(epoch FROM clock_timestamp() - min(s.oldest)), 0)::double precision AS seconds
FROM subjects AS s
CROSS JOIN LATERAL jsonb_array_elements(s.notifications) WITH ORDINALITY AS block (value, number)
CROSS JOIN LATERAL jsonb_array_elements_text(coalesce(block.value -> 'topic_names', jsonb_build_array(block.value -> 'topic_name'))) AS topic (name)
WHERE s.notify >> (block.number - 1)::integer & 1 = 1
    AND topic.name IS NOT NULL
GROUP BY lower(topic.name)
ORDER BY messages DESC, topic_name
LIMIT @topic_limit::integer
