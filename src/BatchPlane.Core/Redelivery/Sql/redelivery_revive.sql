-- What subscriptions had given up waits in their queues again. Caller: RedeliveryStore, in the transaction that moves the redelivery on.
-- Parameters: @subscription_ids, @subject_ids, @sequences, @tried_ats: of equal length, each delivery once. One that a deliverer tried meanwhile stays as that left it.
-- Queues of somebody's have it then, and nothing is left to be said of it. Locks the rows it writes.
WITH letters AS (
    SELECT d.subject_id, d.sequence, d.subscription_id, protocol
    FROM unnest(@subscription_ids::text[], @subject_ids::text[], @sequences::bigint[], @tried_ats::timestamptz[]) AS letter (subscription_id, subject_id, sequence, tried_at)
    JOIN subscription_deliveries AS d USING (subscription_id, subject_id, sequence)
    JOIN subscriptions USING (subscription_id)
    WHERE d.last_tried_at = letter.tried_at
        AND d.state IN ('dead', 'dropped')
    FOR UPDATE OF d
),
arrived AS (
    DELETE FROM subscription_deliveries AS d
    USING letters
    WHERE d.subscription_id = letters.subscription_id
        AND d.subject_id = letters.subject_id
        AND d.sequence = letters.sequence
        AND protocol = 'queue'
)
UPDATE subscription_deliveries AS d
SET state = 'pending',
    tries = 0,
    next_try_at = clock_timestamp()
FROM letters
WHERE d.subscription_id = letters.subscription_id
    AND d.subject_id = letters.subject_id
    AND d.sequence = letters.sequence
    AND protocol <> 'queue'
