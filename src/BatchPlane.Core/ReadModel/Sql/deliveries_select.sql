-- Messages that did not simply arrive, the latest first. Caller: DeliveryQueries. Parameters: @subject_id, @sequence, @state, @topic_key, @since, @until: null: any;
-- @before, @before_subject, @before_sequence, @before_topic: null, or the place of the last of the page before; @row_limit. Locks nothing.
SELECT
    subject_id,
    sequence,
    topic_name,
    state,
    reason,
    tries,
    last_tried_at
FROM delivery_exceptions
WHERE (@subject_id::text IS NULL OR subject_id = @subject_id::text)
    AND (@sequence::bigint IS NULL OR sequence = @sequence::bigint)
    AND (@state::text IS NULL OR state = @state::text)
    AND (@topic_key::text IS NULL OR lower(topic_name) = @topic_key::text)
    AND (@since::timestamptz IS NULL OR last_tried_at >= @since::timestamptz)
    AND (@until::timestamptz IS NULL OR last_tried_at < @until::timestamptz)
    AND (
        @before::timestamptz IS NULL
        OR (last_tried_at, subject_id, sequence, topic_name) < (@before::timestamptz, @before_subject::text, @before_sequence::bigint, @before_topic::text)
    )
ORDER BY last_tried_at DESC, subject_id DESC, sequence DESC, topic_name DESC
LIMIT @row_limit::integer
