-- Deletes a topic and its subscriptions. Caller: TopicStore. Parameters: @topic_key. Returns its name as made; no row: there was none. Locks the rows.
DELETE FROM topics
WHERE topic_key = @topic_key::text
RETURNING topic_name;
