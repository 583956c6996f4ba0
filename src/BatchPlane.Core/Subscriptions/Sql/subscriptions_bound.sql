-- Notes that RabbitMQ has bound the queues of subscriptions. Caller: BindingStore, after its answer. Parameters: @subscription_ids, @revisions: of equal length, as they were read before
-- they were declared. What was changed since is left alone: its bindings are others. Locks the rows.
-- One that was addressed is sent copies no more: who looks at the addressed ones later than this has the binding.
-- Whoever reads the outbox reads below the horizon of its snapshot, which never falls: what lies from this horizon on is read, and sent, after the answer.
UPDATE subscriptions AS s
SET bound_txid = coalesce(s.bound_txid, pg_snapshot_xmin(pg_current_snapshot())),
    was_addressed = false
FROM unnest(@subscription_ids::text[], @revisions::bigint[]) AS declared (subscription_id, revision)
WHERE s.subscription_id = declared.subscription_id
    AND s.revision = declared.revision
    AND s.enabled
    AND (s.bound_txid IS NULL OR s.was_addressed);
