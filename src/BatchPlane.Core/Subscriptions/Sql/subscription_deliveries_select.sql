-- What became of one event at the subscriptions. Caller: DeliveryStore. Parameters: @subject_id, @sequence. Locks nothing.
SELECT
    subscription_id,
    state,
    last_status,
    last_reason,
    redelivered_at,
    tries,
    next_try_at
FROM subscription_deliveries
WHERE subject_id = @subject_id::text
    AND sequence = @sequence::bigint;
