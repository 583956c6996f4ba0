-- What has to go from RabbitMQ, oldest first. Caller: TopologyRemovalStore. Parameters: @limit: rows. Locks nothing.
-- is_wanted: a subscription that was made since wants it again, so that it has to stay.
SELECT
    removal_no,
    topic_name,
    queue,
    binding,
    EXISTS (
        SELECT
        FROM subscriptions
        JOIN topics USING (topic_key)
        WHERE queue = CASE protocol WHEN 'queue' THEN endpoint ELSE 'batchplane.sub.' || subscription_id END
            AND (binding IS NULL OR enabled AND topics.topic_name = topology_removals.topic_name AND binding = ANY (bindings))
    ) AS is_wanted
FROM topology_removals
ORDER BY removal_no
LIMIT @limit::integer;
