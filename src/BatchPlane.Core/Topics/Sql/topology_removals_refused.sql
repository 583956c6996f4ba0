-- Notes that RabbitMQ did not let something be removed; it is tried again with the next pass. Caller: TopologyRemovalStore. Parameters: @removal_no, @reason. Locks the row.
UPDATE topology_removals
SET tries = tries + 1,
    last_reason = @reason::text
WHERE removal_no = @removal_no::bigint;
