-- Removes a topic; its subscriptions go with it. Caller: TopicStore.
DELETE FROM topics
WHERE topic_key = @topic_key::text
