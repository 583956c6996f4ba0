-- Deletes a topic and its subscriptions, and notes what has to go from RabbitMQ: bindings of somebody's queues, BatchPlane's own queues, the exchange.
-- Caller: TopicStore, under the locks of topic and subscriptions. Parameters: @topic_key. Returns its name as made; no row: there was none.
WITH gone AS (
    DELETE FROM topics
    WHERE topic_key = @topic_key::text
    RETURNING topic_key, topic_name
),
removals AS (
    INSERT INTO topology_removals (topic_name, queue, binding)
    SELECT topic_name, endpoint, unnest(bindings)
    FROM gone
    JOIN subscriptions USING (topic_key)
    WHERE protocol = 'queue'
        AND enabled
        AND NOT is_addressed
    UNION ALL
    SELECT topic_name, 'batchplane.sub.' || subscription_id, NULL
    FROM gone
    JOIN subscriptions USING (topic_key)
    WHERE protocol <> 'queue'
    UNION ALL
    SELECT topic_name, NULL, NULL
    FROM gone
)
SELECT topic_name
FROM gone;
