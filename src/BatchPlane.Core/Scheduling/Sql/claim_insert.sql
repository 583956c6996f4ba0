-- Remembers what was granted to nodes. Caller: JobStore. All arrays have one element per claim.
INSERT INTO claims (
    claim_id,
    node_id,
    node_epoch,
    job_id,
    task_id,
    indexes,
    claimed_at
)
SELECT
    v.claim_id,
    v.node_id,
    v.node_epoch,
    v.job_id,
    v.task_id,
    v.indexes::int4multirange,
    @now::timestamptz
FROM unnest(
    @claim_ids::bigint[],
    @node_ids::text[],
    @node_epochs::bigint[],
    @job_ids::text[],
    @task_ids::bigint[],
    @indexes::text[]
) AS v (
    claim_id,
    node_id,
    node_epoch,
    job_id,
    task_id,
    indexes
)
