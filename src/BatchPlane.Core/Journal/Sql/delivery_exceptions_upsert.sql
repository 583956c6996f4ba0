-- Notes messages that did not simply arrive; one that is known already counts another try.
-- Caller: OutboxReader, in the transaction that moves the cursor over them. Parameters: arrays of equal length, each message once.
-- Locks the rows it writes, in the order of their key.
INSERT INTO delivery_exceptions (subject_id, sequence, topic_key, topic_name, state, reason, tries, last_tried_at)
SELECT
    subject_id,
    sequence,
    topic_key,
    topic_name,
    state,
    reason,
    1,
    clock_timestamp()
FROM unnest(@subject_ids::text[], @sequences::bigint[], @topic_keys::text[], @topic_names::text[], @states::text[], @reasons::text[])
    AS message (subject_id, sequence, topic_key, topic_name, state, reason)
ORDER BY subject_id, sequence, topic_key
ON CONFLICT (subject_id, sequence, topic_key) DO UPDATE
SET topic_name = excluded.topic_name,
    state = excluded.state,
    reason = excluded.reason,
    tries = delivery_exceptions.tries + 1,
    last_tried_at = excluded.last_tried_at;
