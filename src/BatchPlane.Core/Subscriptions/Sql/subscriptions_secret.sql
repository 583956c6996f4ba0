-- The secret of a webhook, and until when the one before signs as well. Caller: SubscriptionStore. Parameters: @topic_key, @subscription_id. Locks nothing.
-- Returns secret (encrypted), endpoint, previous_secret_until (null: it was never rotated); no row: there is no such webhook.
SELECT
    secret,
    endpoint,
    previous_secret_until
FROM subscriptions
WHERE topic_key = @topic_key::text
    AND subscription_id = @subscription_id::text
    AND protocol = 'http';
