-- Makes the topics that do not exist yet, in any spelling.
-- Caller: TopicStore. Parameters: @topic_keys, @topic_names: arrays of equal length, each key once; of all of them: @tags, JSON; @tencent, JSON or null; @created_by.
-- @max_topics: none is made when there would be more with them; what others make at the same moment is not seen. Returns the rows it made. Locks those; sorted, so that two callers do not wait for each other in a circle.
INSERT INTO topics (topic_key, topic_name, tags, tencent, created_by, created_at)
SELECT
    topic_key,
    topic_name,
    @tags::jsonb,
    @tencent::jsonb,
    @created_by::text,
    clock_timestamp()
FROM unnest(@topic_keys::text[], @topic_names::text[]) AS wanted (topic_key, topic_name)
WHERE (
    SELECT count(*)
    FROM topics
) + (
    SELECT count(*)
    FROM unnest(@topic_keys::text[]) AS missing (topic_key)
    WHERE NOT EXISTS (SELECT FROM topics WHERE topics.topic_key = missing.topic_key)
) <= @max_topics::integer
ORDER BY topic_key
ON CONFLICT (topic_key) DO NOTHING
RETURNING
    topic_key,
    topic_name,
    created_at;
