-- Stores what was decided about tasks. Caller: JobStore, under the lock of job_lock.sql. None of the columns but
-- claimable is in an index, and that one changes rarely: the update stays within the page.
UPDATE tasks AS t
SET
    state = v.state,
    cause = v.cause,
    reason = v.reason,
    next_index = v.next_index,
    requeued = v.requeued::int4multirange,
    closed = v.closed,
    claimable = v.claimable,
    starting_count = v.starting_count,
    running_count = v.running_count,
    succeed_count = v.succeed_count,
    failed_count = v.failed_count,
    interrupted_count = v.interrupted_count,
    running_at = v.running_at,
    finished_at = v.finished_at
FROM unnest(
    @task_ids::bigint[],
    @states::text[],
    @causes::text[],
    @reasons::text[],
    @next_indexes::integer[],
    @requeueds::text[],
    @closeds::boolean[],
    @claimables::boolean[],
    @starting_counts::integer[],
    @running_counts::integer[],
    @succeed_counts::integer[],
    @failed_counts::integer[],
    @interrupted_counts::integer[],
    @running_ats::timestamptz[],
    @finished_ats::timestamptz[]
) AS v (
    task_id,
    state,
    cause,
    reason,
    next_index,
    requeued,
    closed,
    claimable,
    starting_count,
    running_count,
    succeed_count,
    failed_count,
    interrupted_count,
    running_at,
    finished_at
)
WHERE t.task_id = v.task_id
