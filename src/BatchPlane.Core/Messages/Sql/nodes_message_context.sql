-- What messages carry of a node when the journal row does not say it.
-- Caller: MessageContextStore. Parameters: @node_ids. Returns one row for each node that exists, deleted ones too. Locks nothing.
SELECT
    node_id,
    nodes.env_id,
    env_name,
    instance_id,
    cpu,
    memory_gib,
    resource_created_at
FROM nodes
JOIN environments ON environments.env_id = nodes.env_id
WHERE node_id = ANY (@node_ids::text[]);
