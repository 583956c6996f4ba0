-- Redeliveries with their progress, the newest first. Caller: RedeliveryStore. Parameters: @redelivery_id: only this one, or null; @before, @before_id: null, or the place of the
-- last of the page before; @row_limit. Locks nothing.
SELECT
    r.redelivery_id,
    r.subject_id,
    r.first_sequence,
    r.last_sequence,
    coalesce(t.topic_name, r.topic_key),
    r.since,
    r.until,
    r.only_state,
    r.created_by,
    r.created_at,
    r.cancelled_at,
    r.finished_at,
    coalesce(sum(s.sent), 0)::bigint,
    coalesce(sum(s.unrouted), 0)::bigint,
    coalesce(sum(s.failed), 0)::bigint,
    r.subscription_id,
    coalesce(sum(s.skipped), 0)::bigint
FROM redeliveries AS r
LEFT JOIN redelivery_shards AS s ON s.redelivery_id = r.redelivery_id
LEFT JOIN topics AS t ON t.topic_key = r.topic_key
WHERE (@redelivery_id::text IS NULL OR r.redelivery_id = @redelivery_id::text)
    AND (@before::timestamptz IS NULL OR (r.created_at, r.redelivery_id) < (@before::timestamptz, @before_id::text))
GROUP BY r.redelivery_id, t.topic_name
ORDER BY r.created_at DESC, r.redelivery_id DESC
LIMIT @row_limit::integer
