-- Removes a subscription of a topic. Caller: TopicStore.
DELETE FROM subscriptions
WHERE topic_key = @topic_key::text
    AND subscription_id = @subscription_id::text
