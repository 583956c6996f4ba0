-- What has to go from RabbitMQ and was refused, oldest first. Caller: DispatchQueries. Parameters: @removal_limit. Locks nothing.
SELECT topic_name, queue, binding, tries, coalesce(last_reason, '')
FROM topology_removals
WHERE tries > 0
ORDER BY removal_no
LIMIT @removal_limit::integer
