-- Deliveries of some rows of the journal that subscriptions gave up, in the order of the rows. Caller: RedeliveryStore. Parameters: @subject_ids, @firsts, @lasts: ranges of
-- sequences, of equal length; @topic_key, @subscription_id: null: any; @row_limit. Rows: subscription_id, topic_key, subject_id, sequence, last_tried_at, is_queue; the first @row_limit, and
-- the others of the last event. Locks nothing.
-- The inner limit keeps a row with a long span from being gone through to its end each time.
SELECT e.subscription_id, e.topic_key, e.subject_id, e.sequence, e.last_tried_at, e.is_queue
FROM unnest(@subject_ids::text[], @firsts::bigint[], @lasts::bigint[]) WITH ORDINALITY AS wanted (subject_id, first_sequence, last_sequence, position)
CROSS JOIN LATERAL (
    SELECT d.subscription_id, s.topic_key, d.subject_id, d.sequence, d.last_tried_at, s.protocol = 'queue' AS is_queue
    FROM subscription_deliveries AS d
    JOIN subscriptions AS s ON s.subscription_id = d.subscription_id
    WHERE d.subject_id = wanted.subject_id
        AND d.sequence BETWEEN wanted.first_sequence AND wanted.last_sequence
        AND d.state IN ('dead', 'dropped')
        AND (@topic_key::text IS NULL OR s.topic_key = @topic_key::text)
        AND (@subscription_id::text IS NULL OR d.subscription_id = @subscription_id::text)
    ORDER BY d.sequence
    FETCH FIRST (@row_limit::integer) ROWS WITH TIES
) AS e
ORDER BY wanted.position, e.sequence
FETCH FIRST (@row_limit::integer) ROWS WITH TIES
