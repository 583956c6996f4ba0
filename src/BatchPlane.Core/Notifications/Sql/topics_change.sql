-- Replaces a topic's attributes in Tencent's words. Caller: TopicStore. Parameters: @topic_key; @tencent: JSON.
-- Returns its name; no row: there is none. Locks the row.
UPDATE topics
SET tencent = @tencent::jsonb
WHERE topic_key = @topic_key::text
RETURNING topic_name;
