-- Makes a topic. Caller: TopicStore. Writes no row when there is one whose name differs at most in case.
INSERT INTO topics (
    topic_key,
    topic_name,
    created_by,
    created_at
)
VALUES (
    @topic_key::text,
    @topic_name::text,
    @created_by::text,
    clock_timestamp()
)
ON CONFLICT DO NOTHING
