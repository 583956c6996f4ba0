-- Statistics by job name, in its order. Caller: StatisticsStore. Parameters: @first_day, @last_day; @env_id, @job_name: null: any; @after: null, or the last of the page before; @row_limit.
-- Locks nothing.
SELECT
    job_name AS key,
    sum(jobs_submitted)::bigint,
    sum(jobs_succeeded)::bigint,
    sum(jobs_failed)::bigint,
    sum(jobs_interrupted)::bigint,
    sum(succeeded)::bigint,
    sum(failed)::bigint,
    sum(killed)::bigint,
    sum(lost)::bigint,
    sum(returned)::bigint,
    sum(failovers)::bigint,
    sum(retries)::bigint,
    sum(manual)::bigint,
    sum(run_ms)::bigint
FROM attempt_statistics
WHERE day BETWEEN @first_day::date AND @last_day::date
    AND (@env_id::text IS NULL OR env_id = @env_id::text)
    AND (@job_name::text IS NULL OR job_name = @job_name::text)
    AND (@after::text IS NULL OR job_name > @after::text)
GROUP BY job_name
ORDER BY job_name
LIMIT @row_limit::integer
