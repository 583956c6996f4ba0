-- What of a topic has to go from RabbitMQ now, oldest first, what was refused last. Caller: TopologyRemovalStore. Parameters: @topic_key; @limit: rows. Locks nothing.
-- is_wanted: a topic or subscription that was made since wants it again, so that it has to stay.
SELECT
    removal_no,
    topic_name,
    queue,
    binding,
    CASE
        WHEN queue IS NULL THEN EXISTS (SELECT FROM topics WHERE topics.topic_name = topology_removals.topic_name)
        ELSE EXISTS (
            SELECT
            FROM subscriptions
            JOIN topics USING (topic_key)
            WHERE queue = CASE protocol WHEN 'queue' THEN endpoint ELSE 'batchplane.sub.' || subscription_id END
                AND (binding IS NULL OR enabled AND NOT is_addressed AND topics.topic_name = topology_removals.topic_name AND binding = ANY (bindings))
        )
    END AS is_wanted
FROM topology_removals
WHERE lower(topic_name) = @topic_key::text
    AND (after_txid IS NULL OR journal_is_delivered_before(after_txid))
ORDER BY tries, removal_no
LIMIT @limit::integer;
