-- Forgets a notice that was sent. Caller: TopicNoticeStore. Parameters: @notice_id. Locks the row.
DELETE FROM topic_notices
WHERE notice_id = @notice_id::text;
