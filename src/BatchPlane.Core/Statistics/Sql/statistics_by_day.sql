-- Statistics by day, the oldest first; a day without anything is zero. Caller: StatisticsStore. Parameters: @first_day, @last_day; @env_id, @job_name: null: any; @after: null, or the last day of the page before; @row_limit.
-- Locks nothing.
SELECT
    to_char(days.day, 'YYYY-MM-DD') AS key,
    coalesce(sum(s.jobs_submitted), 0)::bigint,
    coalesce(sum(s.jobs_succeeded), 0)::bigint,
    coalesce(sum(s.jobs_failed), 0)::bigint,
    coalesce(sum(s.jobs_interrupted), 0)::bigint,
    coalesce(sum(s.succeeded), 0)::bigint,
    coalesce(sum(s.failed), 0)::bigint,
    coalesce(sum(s.killed), 0)::bigint,
    coalesce(sum(s.lost), 0)::bigint,
    coalesce(sum(s.returned), 0)::bigint,
    coalesce(sum(s.failovers), 0)::bigint,
    coalesce(sum(s.retries), 0)::bigint,
    coalesce(sum(s.manual), 0)::bigint,
    coalesce(sum(s.run_ms), 0)::bigint
FROM generate_series(@first_day::date, @last_day::date, interval '1 day') AS days (day)
LEFT JOIN attempt_statistics AS s
    ON s.day = days.day::date
    AND (@env_id::text IS NULL OR s.env_id = @env_id::text)
    AND (@job_name::text IS NULL OR s.job_name = @job_name::text)
WHERE @after::text IS NULL OR days.day > @after::text::date
GROUP BY days.day
ORDER BY days.day
LIMIT @row_limit::integer
