-- Queues of somebody's have the copies of these now, and nothing is left to be said of what they did not get before. Caller: RedeliveryStore, in the transaction that moves the redelivery on.
-- Parameters: @subscription_ids, @subject_ids, @sequences: of equal length. Locks the rows it deletes.
DELETE FROM subscription_deliveries AS d
USING unnest(@subscription_ids::text[], @subject_ids::text[], @sequences::bigint[]) AS copied (subscription_id, subject_id, sequence)
WHERE d.subscription_id = copied.subscription_id
    AND d.subject_id = copied.subject_id
    AND d.sequence = copied.sequence
    AND d.state = 'dead';
