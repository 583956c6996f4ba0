-- Forgets statistics of old days, and in those of less old ones the names of jobs: callers choose them, so there may be as many as jobs. What they counted is added up
-- under the empty name. Caller: StatisticsStore, hourly. Parameters: @keep_days; @name_days. Locks the rows it deletes or adds to.
WITH forgotten AS (
    DELETE FROM attempt_statistics
    WHERE day < (now() AT TIME ZONE 'UTC')::date - @keep_days::integer
        OR (day < (now() AT TIME ZONE 'UTC')::date - @name_days::integer AND job_name <> '')
    RETURNING *
)
INSERT INTO attempt_statistics AS s (
    day, env_id, job_name, jobs_submitted, jobs_succeeded, jobs_failed, jobs_interrupted, succeeded, failed, killed, lost, returned, failovers, retries, manual, run_ms
)
SELECT
    day,
    env_id,
    '',
    sum(jobs_submitted),
    sum(jobs_succeeded),
    sum(jobs_failed),
    sum(jobs_interrupted),
    sum(succeeded),
    sum(failed),
    sum(killed),
    sum(lost),
    sum(returned),
    sum(failovers),
    sum(retries),
    sum(manual),
    sum(run_ms)
FROM forgotten
WHERE day >= (now() AT TIME ZONE 'UTC')::date - @keep_days::integer
GROUP BY day, env_id
ON CONFLICT (day, env_id, job_name) DO UPDATE
SET jobs_submitted = s.jobs_submitted + excluded.jobs_submitted,
    jobs_succeeded = s.jobs_succeeded + excluded.jobs_succeeded,
    jobs_failed = s.jobs_failed + excluded.jobs_failed,
    jobs_interrupted = s.jobs_interrupted + excluded.jobs_interrupted,
    succeeded = s.succeeded + excluded.succeeded,
    failed = s.failed + excluded.failed,
    killed = s.killed + excluded.killed,
    lost = s.lost + excluded.lost,
    returned = s.returned + excluded.returned,
    failovers = s.failovers + excluded.failovers,
    retries = s.retries + excluded.retries,
    manual = s.manual + excluded.manual,
    run_ms = s.run_ms + excluded.run_ms
