-- Names of topics as they were made, by key, and how long their messages may be.
-- Caller: MessageContextStore, TopicStore. Parameters: @topic_keys: names in lower case. Returns topic_key, topic_name, max_message_bytes (null: no limit of its own) of those that exist. Locks nothing.
SELECT
    topic_key,
    topic_name,
    (tencent ->> 'MaxMsgSize')::integer AS max_message_bytes
FROM topics
WHERE topic_key = ANY (@topic_keys::text[]);
