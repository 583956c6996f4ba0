-- A topic's key, held until the end of the transaction so that nobody removes it meanwhile. Caller: TopicStore.
SELECT topic_key
FROM topics
WHERE topic_key = @topic_key::text
FOR SHARE
