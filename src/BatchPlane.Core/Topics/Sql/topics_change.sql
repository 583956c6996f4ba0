-- Changes some of a topic's attributes in Tencent's words. Caller: TopicStore. Parameters: @topic_key; @created_at: of the topic that is meant, not another one that has its name since;
-- @tencent: those that change, JSON; @otherwise: what holds for a topic that has none yet, JSON. Merged here, so that of two changes at once neither is lost.
-- Returns its name; no row: there is none. Locks the row.
UPDATE topics
SET tencent = coalesce(tencent, @otherwise::jsonb) || @tencent::jsonb
WHERE topic_key = @topic_key::text
    AND created_at = @created_at::timestamptz
RETURNING topic_name;
