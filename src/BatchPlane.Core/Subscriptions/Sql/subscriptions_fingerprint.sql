-- Two numbers of which at least one is another after any change of a subscription that deliverers serve. Caller: SubscriptionStore. Locks nothing.
SELECT
    count(*),
    coalesce(sum(revision), 0)::bigint
FROM subscriptions
WHERE protocol <> 'queue';
