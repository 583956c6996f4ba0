-- Slots that the instances of jobs hold in an environment, by all their tasks: also by those that have nothing left to claim, which the
-- statements of claimable tasks do not see. Caller: ClaimStore. No locks. Rows: job_id and slots, one for each job given.
SELECT
    wanted.job_id,
    held.slots
FROM unnest(@job_ids::text[]) AS wanted (job_id)
CROSS JOIN LATERAL (
    SELECT coalesce(sum(t.slots::bigint * (t.starting_count + t.running_count)), 0)::bigint AS slots
    FROM tasks AS t
    WHERE t.job_id = wanted.job_id
        AND t.env_id = @env_id::text
    -- Job by job through the key, never by a scan of all tasks.
    OFFSET 0
) AS held
