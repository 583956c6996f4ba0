-- Messages about some rows of the journal that did not simply arrive, in the order of the rows. Caller: RedeliveryStore. Parameters: @subject_ids, @firsts, @lasts: ranges of
-- sequences, of equal length; @topic_key: null: any; @state; @row_limit. Rows: subject_id, sequence, topic_key; the first @row_limit, and the others of the last event. Locks nothing.
-- The inner limit keeps a row with a long span from being gone through to its end each time.
SELECT e.subject_id, e.sequence, e.topic_key
FROM unnest(@subject_ids::text[], @firsts::bigint[], @lasts::bigint[]) WITH ORDINALITY AS wanted (subject_id, first_sequence, last_sequence, position)
CROSS JOIN LATERAL (
    SELECT x.subject_id, x.sequence, x.topic_key
    FROM delivery_exceptions AS x
    WHERE x.subject_id = wanted.subject_id
        AND x.sequence BETWEEN wanted.first_sequence AND wanted.last_sequence
        AND x.state = @state::text
        AND (@topic_key::text IS NULL OR x.topic_key = @topic_key::text)
    ORDER BY x.sequence
    FETCH FIRST (@row_limit::integer) ROWS WITH TIES
) AS e
ORDER BY wanted.position, e.sequence
FETCH FIRST (@row_limit::integer) ROWS WITH TIES
