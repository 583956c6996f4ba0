-- Notices that RabbitMQ has not confirmed yet, oldest first. Caller: TopicNoticeStore. Parameters: @limit. Locks nothing.
SELECT
    notice_id,
    topic_name,
    subscription_id,
    reason,
    topic_notices.created_at
FROM topic_notices
JOIN topics USING (topic_key)
ORDER BY topic_notices.created_at
LIMIT @limit::integer;
