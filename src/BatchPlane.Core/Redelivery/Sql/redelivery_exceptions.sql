-- Messages about some events that did not simply arrive. Caller: RedeliveryStore. Parameters: @subject_ids, @firsts, @lasts: ranges of sequences, of equal
-- length; @state. Rows: subject_id, sequence, topic_name. Locks nothing.
SELECT e.subject_id, e.sequence, e.topic_name
FROM unnest(@subject_ids::text[], @firsts::bigint[], @lasts::bigint[]) AS wanted (subject_id, first_sequence, last_sequence)
JOIN delivery_exceptions AS e
    ON e.subject_id = wanted.subject_id
    AND e.sequence BETWEEN wanted.first_sequence AND wanted.last_sequence
WHERE e.state = @state::text
