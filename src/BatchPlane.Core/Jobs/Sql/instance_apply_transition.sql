-- Stores what was decided about instances that have rows. Caller: JobStore, under the lock of job_lock.sql. The guard on
-- state and attempt fails only if something changed an instance without that lock.
UPDATE task_instances AS i
SET
    state = v.state,
    attempt = v.attempt,
    failure_count = v.failure_count,
    lost_count = v.lost_count,
    node_id = v.node_id,
    node_epoch = v.node_epoch,
    exit_code = v.exit_code,
    cause = v.cause,
    reason = v.reason,
    launched_at = v.launched_at,
    running_at = v.running_at,
    finished_at = v.finished_at,
    failover_of = v.failover_of,
    execution_source = v.execution_source,
    begun_before = v.begun_before,
    terminate_reason = CASE WHEN v.state IN ('STARTING', 'RUNNING') THEN i.terminate_reason END
FROM unnest(
    @task_ids::bigint[],
    @indexes::integer[],
    @loaded_states::text[],
    @loaded_attempts::integer[],
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
) AS v (
    task_id,
    instance_index,
    loaded_state,
    loaded_attempt,
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
WHERE i.task_id = v.task_id
    AND i.instance_index = v.instance_index
    AND i.state = v.loaded_state
    AND i.attempt = v.loaded_attempt
