-- Changes a subscription; null parameters leave what is there. Caller: SubscriptionStore.
-- Parameters: @topic_key, @subscription_id, @bindings, @enabled, @format, @filter, @content_format, @max_in_flight, @retry; @filter 'null': none any more; @shard: of the subscription; @source: who changes it. Locks the row.
-- Notes bindings that are not wanted any more; those of one that becomes addressed stay until all before this is delivered. One that is addressed no more is sent copies until it is bound. Appends SUBSCRIPTION_ENABLED or SUBSCRIPTION_DISABLED to the journal where it is so from now on. Returns its id; no row: there is none. Fails on the unique key when another has the same bindings.
WITH before AS MATERIALIZED (
    SELECT
        subscription_id,
        protocol,
        endpoint,
        bindings,
        enabled,
        topic_name,
        subscriptions.is_addressed,
        next.filter AS next_filter,
        next.is_addressed AS next_is_addressed,
        subscriptions.is_addressed OR subscriptions.was_addressed AS has_copies,
        coalesce(@enabled::boolean, false) AND NOT enabled
            OR coalesce(@bindings::text[], bindings) <> bindings
            OR next.is_addressed <> subscriptions.is_addressed
            OR next.filter IS DISTINCT FROM subscriptions.filter AS is_bound_anew
    FROM subscriptions
    CROSS JOIN LATERAL (
        SELECT
            filter,
            filter IS NOT NULL OR protocol = 'queue' AND coalesce(@format::text, format) <> 'published' AS is_addressed
        FROM (SELECT nullif(coalesce(@filter::jsonb, subscriptions.filter), 'null'::jsonb) AS filter) AS given
    ) AS next
    JOIN topics USING (topic_key)
    WHERE topic_key = @topic_key::text
        AND subscription_id = @subscription_id::text
    FOR UPDATE OF subscriptions
),
cursors AS (
    SELECT
        array_agg(cursor_txid ORDER BY shard) AS txids,
        array_agg(cursor_event_no ORDER BY shard) AS event_nos
    FROM dispatcher_shards
),
changed AS (
    UPDATE subscriptions AS s
    SET bindings = coalesce(@bindings::text[], s.bindings),
        enabled = coalesce(@enabled::boolean, s.enabled),
        asked_txids = CASE WHEN is_bound_anew THEN cursors.txids ELSE s.asked_txids END,
        asked_event_nos = CASE WHEN is_bound_anew THEN cursors.event_nos ELSE s.asked_event_nos END,
        bound_txid = CASE
            WHEN NOT is_bound_anew THEN s.bound_txid
            WHEN next_is_addressed OR has_copies THEN pg_current_xact_id()
        END,
        was_addressed = has_copies AND NOT next_is_addressed,
        format = coalesce(@format::text, s.format),
        filter = next_filter,
        content_format = coalesce(@content_format::text, s.content_format),
        max_in_flight = coalesce(@max_in_flight::integer, s.max_in_flight),
        retry = coalesce(@retry::jsonb, s.retry),
        disabled_at = CASE WHEN coalesce(@enabled::boolean, s.enabled) THEN NULL ELSE coalesce(s.disabled_at, clock_timestamp()) END,
        disabled_reason = CASE WHEN @enabled::boolean IS NULL THEN s.disabled_reason END,
        failing_since = CASE WHEN @enabled::boolean THEN NULL ELSE s.failing_since END,
        recent_since = CASE WHEN @enabled::boolean THEN NULL ELSE s.recent_since END,
        last_sequence = CASE WHEN coalesce(@enabled::boolean, s.enabled) = s.enabled THEN s.last_sequence ELSE s.last_sequence + 1 END,
        journal_txid = CASE WHEN coalesce(@enabled::boolean, s.enabled) = s.enabled THEN s.journal_txid ELSE greatest(s.journal_txid, pg_current_xact_id()) END,
        revision = nextval('subscription_revision_seq'),
        updated_at = clock_timestamp()
    FROM before, cursors
    WHERE s.subscription_id = before.subscription_id
    RETURNING s.subscription_id, s.bindings, s.enabled, s.is_addressed, s.last_sequence, s.journal_txid, s.updated_at
),
removals AS (
    INSERT INTO topology_removals (topic_name, queue, binding, after_txid)
    SELECT
        topic_name,
        CASE protocol WHEN 'queue' THEN endpoint ELSE 'batchplane.sub.' || before.subscription_id END,
        old.binding,
        CASE WHEN changed.enabled AND changed.is_addressed THEN pg_current_xact_id() END
    FROM before
    JOIN changed ON changed.subscription_id = before.subscription_id
    CROSS JOIN LATERAL unnest(before.bindings) AS old (binding)
    WHERE before.enabled
        AND NOT before.is_addressed
        AND NOT (changed.enabled AND NOT changed.is_addressed AND old.binding = ANY (changed.bindings))
),
event AS (
    INSERT INTO events (order_txid, shard, subject_id, sequence, level, state, reason, source, occurred_at, notify, details)
    SELECT
        changed.journal_txid,
        @shard::smallint,
        changed.subscription_id,
        changed.last_sequence,
        'subscription',
        CASE WHEN changed.enabled THEN 'ENABLED' ELSE 'DISABLED' END,
        CASE WHEN NOT changed.enabled THEN 'disabled by a user' END,
        @source::text,
        changed.updated_at,
        1,
        jsonb_build_object('topic_name', before.topic_name)
    FROM before
    JOIN changed ON changed.subscription_id = before.subscription_id
    WHERE changed.enabled <> before.enabled
)
SELECT subscription_id
FROM changed;
