-- Topics of which something has to go from RabbitMQ; the topics may be gone. Caller: TopologyRemovalStore. Parameters: @after: key of the last one of the page before, or null; @limit. Locks nothing.
SELECT DISTINCT lower(topic_name) AS topic_key
FROM topology_removals
WHERE @after::text IS NULL
    OR lower(topic_name) > @after::text
ORDER BY topic_key
LIMIT @limit::integer;
