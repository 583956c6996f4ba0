-- Waits until nobody else makes or takes away what a topic has in RabbitMQ. Caller: TopologyLock. Parameters: @topic_key.
-- Held by the session, not by a transaction: the broker is spoken to under it, and no snapshot must be kept for that.
SELECT pg_advisory_lock(7230019, hashtext(@topic_key::text))
