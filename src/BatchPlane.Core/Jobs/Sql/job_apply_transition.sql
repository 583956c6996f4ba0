-- Stores what was decided about jobs. Caller: JobStore, under the lock of job_lock.sql. The guard on last_sequence fails
-- only if something changed a job without that lock. journal_txid never falls: see events.order_txid.
-- A retried job has outputs again, which are to be removed some day.
UPDATE jobs AS j
SET
    state = v.state,
    cause = v.cause,
    reason = v.reason,
    last_sequence = v.last_sequence,
    journal_txid = greatest(j.journal_txid, pg_current_xact_id()),
    terminate_requested_at = v.terminate_requested_at,
    terminate_requested_by = v.terminate_requested_by,
    terminate_reason = v.terminate_reason,
    close_cause = v.close_cause,
    close_reason = v.close_reason,
    expires_at = v.expires_at,
    due_at = v.due_at,
    running_at = v.running_at,
    finished_at = v.finished_at,
    retried_at = v.retried_at,
    outputs_removed_at = CASE WHEN j.retried_at IS NOT DISTINCT FROM v.retried_at THEN j.outputs_removed_at END
FROM unnest(
    @job_ids::text[],
    @loaded_sequences::bigint[],
    @states::text[],
    @causes::text[],
    @reasons::text[],
    @last_sequences::bigint[],
    @terminate_requested_ats::timestamptz[],
    @terminate_requested_bys::text[],
    @terminate_reasons::text[],
    @close_causes::text[],
    @close_reasons::text[],
    @expires_ats::timestamptz[],
    @due_ats::timestamptz[],
    @running_ats::timestamptz[],
    @finished_ats::timestamptz[],
    @retried_ats::timestamptz[]
) AS v (
    job_id,
    loaded_sequence,
    state,
    cause,
    reason,
    last_sequence,
    terminate_requested_at,
    terminate_requested_by,
    terminate_reason,
    close_cause,
    close_reason,
    expires_at,
    due_at,
    running_at,
    finished_at,
    retried_at
)
WHERE j.job_id = v.job_id
    AND j.last_sequence = v.loaded_sequence
