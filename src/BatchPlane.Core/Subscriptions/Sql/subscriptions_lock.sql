-- Locks the subscriptions of a topic that is about to be deleted, so that what is noted of them is their last state. Caller: TopicStore, under the topic's lock.
-- Parameters: @topic_key. Locks the rows, in the order of their ids. Returns their ids.
SELECT subscription_id
FROM subscriptions
WHERE topic_key = @topic_key::text
ORDER BY subscription_id
FOR UPDATE;
