-- Names of topics as they were made, by key.
-- Caller: MessageContextStore, TopicStore. Parameters: @topic_keys: names in lower case. Returns topic_key, topic_name of those that exist. Locks nothing.
SELECT
    topic_key,
    topic_name
FROM topics
WHERE topic_key = ANY (@topic_keys::text[]);
