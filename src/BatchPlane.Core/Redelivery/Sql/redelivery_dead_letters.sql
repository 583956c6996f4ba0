-- Deliveries of some events that subscriptions gave up. Caller: RedeliveryStore. Parameters: @subject_ids, @firsts, @lasts: ranges of sequences, of equal length;
-- @subscription_id: of this one; null: of all. Rows: subscription_id, topic_key, subject_id, sequence, last_tried_at. Locks nothing.
SELECT d.subscription_id, s.topic_key, d.subject_id, d.sequence, d.last_tried_at
FROM unnest(@subject_ids::text[], @firsts::bigint[], @lasts::bigint[]) AS wanted (subject_id, first_sequence, last_sequence)
JOIN subscription_deliveries AS d
    ON d.subject_id = wanted.subject_id
    AND d.sequence BETWEEN wanted.first_sequence AND wanted.last_sequence
JOIN subscriptions AS s ON s.subscription_id = d.subscription_id
WHERE d.state IN ('dead', 'dropped')
    AND (@subscription_id::text IS NULL OR d.subscription_id = @subscription_id::text)
