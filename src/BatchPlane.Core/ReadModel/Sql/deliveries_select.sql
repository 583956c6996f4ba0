-- Messages that did not simply arrive at topics, and deliveries that webhooks and addresses gave up, the latest first. Caller: DeliveryQueries.
-- Parameters: @subject_id, @sequence, @state, @topic_key, @subscription_id, @since, @until: null: any; @with_subscriptions: false: topics alone;
-- @before, @before_subject, @before_sequence, @before_topic, @before_subscription: null, or the place of the last of the page before; @row_limit. Locks nothing.
-- Those of topics have no subscription (''), protocol, endpoint and status. Tests of topics, and messages that somebody published himself, are not listed: they are in no journal.
SELECT *
FROM (
    (
        SELECT
            subject_id,
            sequence,
            topic_name,
            state,
            reason,
            tries,
            last_tried_at,
            '' AS subscription_id,
            NULL::text AS protocol,
            NULL::text AS endpoint,
            NULL::integer AS last_status
        FROM delivery_exceptions
        WHERE (@subject_id::text IS NULL OR subject_id = @subject_id::text)
            AND (@sequence::bigint IS NULL OR sequence = @sequence::bigint)
            AND (@state::text IS NULL OR state = @state::text)
            AND (@topic_key::text IS NULL OR topic_key = @topic_key::text)
            AND @subscription_id::text IS NULL
            AND (@since::timestamptz IS NULL OR last_tried_at >= @since::timestamptz)
            AND (@until::timestamptz IS NULL OR last_tried_at < @until::timestamptz)
            AND (
                @before::timestamptz IS NULL
                OR (last_tried_at, subject_id, sequence, topic_name, '')
                < (@before::timestamptz, @before_subject::text, @before_sequence::bigint, @before_topic::text, @before_subscription::text)
            )
        ORDER BY last_tried_at DESC, subject_id DESC, sequence DESC, topic_name DESC
        LIMIT @row_limit::integer
    )
    UNION ALL
    (
        SELECT
            d.subject_id,
            d.sequence,
            d.topic_name,
            d.state,
            d.last_reason,
            d.tries,
            d.last_tried_at,
            d.subscription_id,
            s.protocol,
            s.endpoint,
            d.last_status
        FROM subscription_deliveries AS d
        JOIN subscriptions AS s ON s.subscription_id = d.subscription_id
        WHERE @with_subscriptions::boolean
            AND d.state IN ('dead', 'dropped')
            AND d.subject_id ~ '^(job|env|subsc)-'
            AND (@subject_id::text IS NULL OR d.subject_id = @subject_id::text)
            AND (@sequence::bigint IS NULL OR d.sequence = @sequence::bigint)
            AND (@state::text IS NULL OR d.state = @state::text)
            AND (@topic_key::text IS NULL OR s.topic_key = @topic_key::text)
            AND (@subscription_id::text IS NULL OR d.subscription_id = @subscription_id::text)
            AND (@since::timestamptz IS NULL OR d.last_tried_at >= @since::timestamptz)
            AND (@until::timestamptz IS NULL OR d.last_tried_at < @until::timestamptz)
            AND (
                @before::timestamptz IS NULL
                OR (d.last_tried_at, d.subject_id, d.sequence, d.topic_name, d.subscription_id)
                < (@before::timestamptz, @before_subject::text, @before_sequence::bigint, @before_topic::text, @before_subscription::text)
            )
        ORDER BY d.last_tried_at DESC, d.subject_id DESC, d.sequence DESC, d.topic_name DESC, d.subscription_id DESC
        LIMIT @row_limit::integer
    )
) AS both_kinds
ORDER BY last_tried_at DESC, subject_id DESC, sequence DESC, topic_name DESC, subscription_id DESC
LIMIT @row_limit::integer
