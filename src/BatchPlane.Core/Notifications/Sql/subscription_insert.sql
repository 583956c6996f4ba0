-- Makes a subscription. Caller: TopicStore, behind topic_share.sql. Writes no row when the topic has the same one already.
INSERT INTO subscriptions (
    subscription_id,
    topic_key,
    protocol,
    endpoint,
    binding,
    created_by,
    created_at
)
VALUES (
    @subscription_id::text,
    @topic_key::text,
    @protocol::text,
    @endpoint::text,
    @binding::text,
    @created_by::text,
    clock_timestamp()
)
ON CONFLICT DO NOTHING
