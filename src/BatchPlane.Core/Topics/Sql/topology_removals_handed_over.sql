-- Topics of which bindings have to go whose queues are sent copies now, and get nothing by the bindings any more that they would miss. Caller: TopologyRemovalStore. Parameters: @limit.
-- What RabbitMQ refused waits for the next pass over all topics. Locks nothing.
SELECT DISTINCT lower(topic_name) AS topic_key
FROM topology_removals
WHERE after_txid IS NOT NULL
    AND tries = 0
    AND journal_is_delivered_before(after_txid)
ORDER BY topic_key
LIMIT @limit::integer;
