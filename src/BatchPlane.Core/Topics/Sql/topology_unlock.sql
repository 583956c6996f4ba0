-- Ends topology_lock.sql. Caller: TopologyLock. Parameters: @topic_key.
SELECT pg_advisory_unlock(7230019, hashtext(@topic_key::text))
