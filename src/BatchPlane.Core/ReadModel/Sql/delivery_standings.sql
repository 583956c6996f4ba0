-- How the bindings of the subscriptions of some topics stood when a row of the journal was sent. Caller: DeliveryQueries. Parameters: @topic_keys; @shard, @order_txid, @event_no: of the row. Locks nothing.
-- was_before: the row was sent before RabbitMQ was asked for the bindings; is_after: it was sent after RabbitMQ had answered; neither: nobody knows.
SELECT
    subscription_id,
    (@order_txid::xid8, @event_no::bigint) <= (asked_txids[@shard::integer + 1], asked_event_nos[@shard::integer + 1]) AS was_before,
    coalesce(@order_txid::xid8 >= bound_txid, false) AS is_after
FROM subscriptions
WHERE topic_key = ANY (@topic_keys::text[]);
