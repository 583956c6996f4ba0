-- Rows of instances claimed for the first time to which more happened in the same batch. Caller: JobStore.
INSERT INTO task_instances (
    task_id,
    instance_index,
    state,
    attempt,
    failure_count,
    lost_count,
    node_id,
    node_epoch,
    exit_code,
    cause,
    reason,
    launched_at,
    running_at,
    finished_at,
    failover_of,
    execution_source,
    begun_before
)
SELECT *
FROM unnest(
    @task_ids::bigint[],
    @indexes::integer[],
    @states::text[],
    @attempts::integer[],
    @failure_counts::integer[],
    @lost_counts::integer[],
    @node_ids::text[],
    @node_epochs::bigint[],
    @exit_codes::integer[],
    @causes::text[],
    @reasons::text[],
    @launched_ats::timestamptz[],
    @running_ats::timestamptz[],
    @finished_ats::timestamptz[],
    @failovers_of::integer[],
    @execution_sources::text[],
    @begun_befores::boolean[]
)
