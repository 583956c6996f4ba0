-- Topics by name, a page at a time. Caller: TopicStore.
-- Parameters: @topic_key: one topic, or null for all; @after: key of the last topic of the page before, or null; @page_size: rows. Locks nothing.
SELECT
    topic_key,
    topic_name,
    created_at
FROM topics
WHERE (@topic_key::text IS NULL OR topic_key = @topic_key::text)
    AND (@after::text IS NULL OR topic_key > @after::text)
ORDER BY topic_key
LIMIT @page_size::integer;
