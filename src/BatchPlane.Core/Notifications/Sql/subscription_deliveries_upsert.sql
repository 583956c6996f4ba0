-- Stores what became of deliveries. Caller: DeliveryStore. Parameters: arrays of equal length, each delivery once.
-- Locks the rows it writes, in the order of their key. What was delivered stays so, whatever a repetition says; an older result does not replace a newer one.
INSERT INTO subscription_deliveries AS known (
    subscription_id, subject_id, sequence, topic_name, state, tries, last_status, last_reason, first_tried_at, last_tried_at, next_try_at
)
SELECT
    subscription_id,
    subject_id,
    sequence,
    topic_name,
    state,
    tries,
    status,
    reason,
    tried_at,
    tried_at,
    next_try_at
FROM unnest(
    @subscription_ids::text[], @subject_ids::text[], @sequences::bigint[], @topic_names::text[], @states::text[], @tries::integer[],
    @statuses::integer[], @reasons::text[], @tried_ats::timestamptz[], @next_try_ats::timestamptz[]
) AS result (subscription_id, subject_id, sequence, topic_name, state, tries, status, reason, tried_at, next_try_at)
ORDER BY subject_id, sequence, subscription_id
ON CONFLICT (subject_id, sequence, subscription_id) DO UPDATE
SET state = excluded.state,
    tries = excluded.tries,
    last_status = excluded.last_status,
    last_reason = excluded.last_reason,
    last_tried_at = excluded.last_tried_at,
    next_try_at = excluded.next_try_at
WHERE known.state <> 'delivered'
    AND known.last_tried_at <= excluded.last_tried_at;
