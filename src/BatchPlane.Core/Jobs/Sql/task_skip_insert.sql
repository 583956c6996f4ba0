-- Keeps why instances ended that were never claimed. Caller: JobStore. All arrays have one element per run of instances.
INSERT INTO task_skips (
    task_id,
    first_index,
    instance_count,
    cause,
    reason,
    ended_at
)
SELECT *
FROM unnest(
    @task_ids::bigint[],
    @first_indexes::integer[],
    @instance_counts::integer[],
    @causes::text[],
    @reasons::text[],
    @ended_ats::timestamptz[]
)
