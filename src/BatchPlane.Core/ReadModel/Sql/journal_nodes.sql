-- Where the nodes of journal rows are, those included that are deleted. Caller: JournalReader. Parameter: @node_ids. Nodes of removed environments have no row. Locks nothing.
SELECT
    node_id,
    env_id,
    host_name,
    address
FROM nodes
WHERE node_id = ANY (@node_ids::text[])
