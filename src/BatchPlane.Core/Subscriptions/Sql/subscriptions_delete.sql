-- Ends a subscription and notes what has to go from RabbitMQ. Caller: SubscriptionStore. Parameters: @topic_key, @subscription_id.
-- Returns its id; no row: there is no such subscription of that topic. Locks the row.
WITH gone AS (
    DELETE FROM subscriptions
    USING topics
    WHERE topics.topic_key = subscriptions.topic_key
        AND subscriptions.topic_key = @topic_key::text
        AND subscription_id = @subscription_id::text
    RETURNING
        subscription_id,
        topic_name,
        protocol,
        endpoint,
        is_addressed,
        bindings
),
removals AS (
    INSERT INTO topology_removals (topic_name, queue, binding)
    SELECT topic_name, endpoint, unnest(bindings)
    FROM gone
    WHERE protocol = 'queue'
        AND NOT is_addressed
    UNION ALL
    SELECT topic_name, 'batchplane.sub.' || subscription_id, NULL
    FROM gone
    WHERE protocol <> 'queue'
)
SELECT subscription_id
FROM gone;
