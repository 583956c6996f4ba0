-- Epoch and state of nodes that claim or report, held so that they cannot be given up until the end of the transaction
-- (giving a node up takes FOR UPDATE; heartbeats do not). Caller: JobStore.
SELECT
    node_id,
    epoch,
    state
FROM nodes
WHERE node_id = ANY (@node_ids::text[])
ORDER BY node_id
FOR KEY SHARE
