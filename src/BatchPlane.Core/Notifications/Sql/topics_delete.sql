-- Deletes a topic and its subscriptions, and notes which of BatchPlane's own queues have to go. Caller: TopicStore. Parameters: @topic_key.
-- Returns its name as made; no row: there was none. Locks the rows.
WITH gone AS (
    DELETE FROM topics
    WHERE topic_key = @topic_key::text
    RETURNING topic_key, topic_name
),
removals AS (
    INSERT INTO topology_removals (topic_name, queue, binding)
    SELECT topic_name, 'batchplane.sub.' || subscription_id, NULL
    FROM gone
    JOIN subscriptions USING (topic_key)
    WHERE protocol <> 'queue'
)
SELECT topic_name
FROM gone;
