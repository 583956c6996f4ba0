-- Stores what became of deliveries. Caller: DeliveryStore, and OutboxReader for copies of addressed subscriptions. Parameters: arrays of equal length, each delivery once; @redelivered_ats: 0, or the redelivery that it belongs to;
-- @only_existing: none of subscriptions that are gone.
-- Locks the rows it writes, in the order of their key. Within a redelivery what was delivered stays so, whatever a repetition says, and fewer tries do not replace more; a later
-- redelivery replaces the one before. Clocks of servers decide nothing.
INSERT INTO subscription_deliveries AS known (
    subscription_id, subject_id, sequence, topic_name, redelivered_at, state, tries, last_status, last_reason, first_tried_at, last_tried_at, next_try_at
)
SELECT
    subscription_id,
    subject_id,
    sequence,
    topic_name,
    redelivered_at,
    state,
    tries,
    status,
    reason,
    clock_timestamp(),
    clock_timestamp(),
    next_try_at
FROM unnest(
    @subscription_ids::text[], @subject_ids::text[], @sequences::bigint[], @topic_names::text[], @redelivered_ats::bigint[], @states::text[], @tries::integer[],
    @statuses::integer[], @reasons::text[], @next_try_ats::timestamptz[]
) AS result (subscription_id, subject_id, sequence, topic_name, redelivered_at, state, tries, status, reason, next_try_at)
WHERE NOT @only_existing::boolean
    OR EXISTS (SELECT FROM subscriptions WHERE subscriptions.subscription_id = result.subscription_id)
ORDER BY subject_id, sequence, subscription_id
ON CONFLICT (subject_id, sequence, subscription_id) DO UPDATE
SET redelivered_at = excluded.redelivered_at,
    state = excluded.state,
    tries = excluded.tries,
    last_status = excluded.last_status,
    last_reason = excluded.last_reason,
    last_tried_at = excluded.last_tried_at,
    next_try_at = excluded.next_try_at
WHERE excluded.redelivered_at > known.redelivered_at
    OR (
        excluded.redelivered_at = known.redelivered_at
        AND known.state <> 'delivered'
        AND (excluded.state = 'delivered' OR excluded.tries >= known.tries)
    );
