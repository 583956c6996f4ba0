-- Rows of instances claimed for the first time, by runs of consecutive indexes. Caller: JobStore. All arrays have one element
-- per run.
INSERT INTO task_instances (
    task_id,
    instance_index,
    state,
    attempt,
    node_id,
    node_epoch,
    launched_at
)
SELECT
    v.task_id,
    numbers.instance_index,
    @state::text,
    1,
    v.node_id,
    v.node_epoch,
    v.launched_at
FROM unnest(
    @task_ids::bigint[],
    @firsts::integer[],
    @counts::integer[],
    @node_ids::text[],
    @node_epochs::bigint[],
    @launched_ats::timestamptz[]
) AS v (
    task_id,
    first_index,
    instance_count,
    node_id,
    node_epoch,
    launched_at
)
CROSS JOIN LATERAL generate_series(v.first_index, v.first_index + v.instance_count - 1) AS numbers (instance_index)
