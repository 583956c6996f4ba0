-- What subscriptions had given up waits in their queues again. Caller: RedeliveryStore, in the transaction that moves the redelivery on.
-- Parameters: @subscription_ids, @subject_ids, @sequences, @tried_ats: of equal length, each delivery once. One that a deliverer tried meanwhile stays as that left it.
-- Locks the rows it writes.
UPDATE subscription_deliveries AS d
SET state = 'pending',
    tries = 0,
    next_try_at = clock_timestamp()
FROM unnest(@subscription_ids::text[], @subject_ids::text[], @sequences::bigint[], @tried_ats::timestamptz[]) AS letter (subscription_id, subject_id, sequence, tried_at)
WHERE d.subscription_id = letter.subscription_id
    AND d.subject_id = letter.subject_id
    AND d.sequence = letter.sequence
    AND d.last_tried_at = letter.tried_at
    AND d.state IN ('dead', 'dropped')
