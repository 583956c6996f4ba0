-- Days (UTC) without a partition that should have one: today and those to come, then those of rows that lie in events_default.
-- Caller: JournalStore. Parameters: @days_ahead; @day_limit. Rows: the day; rows of all days in events_default. Locks nothing.
WITH misplaced AS (
    SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, count(*) AS row_count
    FROM events_default
    GROUP BY 1
),
wanted AS (
    SELECT (now() AT TIME ZONE 'UTC')::date + ahead AS day
    FROM generate_series(0, @days_ahead::integer) AS days (ahead)
    UNION
    SELECT day
    FROM misplaced
)
SELECT
    wanted.day,
    coalesce((sum(misplaced.row_count) OVER ())::bigint, 0)
FROM wanted
LEFT JOIN misplaced ON misplaced.day = wanted.day
WHERE to_regclass('events_' || to_char(wanted.day, 'YYYYMMDD')) IS NULL
ORDER BY wanted.day < (now() AT TIME ZONE 'UTC')::date, wanted.day
LIMIT @day_limit::integer
