-- Two numbers of which at least one is another after any change of the subscriptions that are sent copies of their own. Caller: OutboxReader, after the page. Locks nothing.
-- Looked at by a later snapshot than the page: a row of it that was committed after a subscription was stored finds it.
SELECT
    count(*),
    coalesce(sum(revision), 0)::bigint
FROM subscriptions
WHERE (is_addressed OR was_addressed)
    AND enabled;
