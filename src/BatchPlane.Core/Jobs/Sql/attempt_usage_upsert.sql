-- What ended attempts used. Caller: JobStore, under the job's lock; rows: as many as given.
INSERT INTO attempt_usage (
    task_id,
    instance_index,
    attempt,
    cpu_ms,
    peak_memory_kib
)
SELECT *
FROM unnest(
    @task_ids::bigint[],
    @indexes::integer[],
    @attempts::integer[],
    @cpu_ms::bigint[],
    @peak_memory_kib::bigint[]
)
ON CONFLICT (task_id, instance_index, attempt) DO UPDATE SET
    cpu_ms = excluded.cpu_ms,
    peak_memory_kib = excluded.peak_memory_kib
