-- Locks a topic: no subscription of it is made, and the topic is not deleted, until the transaction ends. A statement of its own, so that the next one sees what others did before.
-- Caller: SubscriptionStore, TopicStore. Parameters: @topic_key. Locks the row. Returns its name; no row: there is none.
SELECT topic_name
FROM topics
WHERE topic_key = @topic_key::text
FOR UPDATE;
