-- Gives a webhook a new secret; the one before goes on signing for a while. Caller: SubscriptionStore.
-- Parameters: @topic_key, @subscription_id, @secret: encrypted; @overlap: how long. Locks the row. Returns previous_secret_until; no row: there is no such webhook.
UPDATE subscriptions
SET previous_secret = secret,
    previous_secret_until = clock_timestamp() + @overlap::interval,
    secret = @secret::bytea,
    revision = nextval('subscription_revision_seq'),
    updated_at = clock_timestamp()
WHERE topic_key = @topic_key::text
    AND subscription_id = @subscription_id::text
    AND protocol = 'http'
RETURNING previous_secret_until;
