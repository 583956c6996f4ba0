-- Forgets removals that are done. Caller: TopologyRemovalStore. Parameters: @removal_nos. Locks the rows.
DELETE FROM topology_removals
WHERE removal_no = ANY (@removal_nos::bigint[]);
