-- What attempts posted. Caller: JobStore, under the job's lock; rows: as many as given.
INSERT INTO instance_progress AS p (
    task_id,
    instance_index,
    attempt,
    number,
    percent,
    message,
    posted_at,
    told_at,
    is_told,
    live,
    event_count,
    dropped_events,
    bad_lines,
    problem
)
SELECT *
FROM unnest(
    @task_ids::bigint[],
    @indexes::integer[],
    @attempts::integer[],
    @numbers::integer[],
    @percents::double precision[],
    @messages::text[],
    @posted_ats::timestamptz[],
    @told_ats::timestamptz[],
    @is_tolds::boolean[],
    @lives::boolean[],
    @event_counts::integer[],
    @dropped_events::bigint[],
    @bad_lines::bigint[],
    @problems::text[]
)
ON CONFLICT (task_id, instance_index) DO UPDATE SET
    attempt = excluded.attempt,
    number = excluded.number,
    percent = excluded.percent,
    message = excluded.message,
    posted_at = excluded.posted_at,
    told_at = excluded.told_at,
    is_told = excluded.is_told,
    live = excluded.live,
    event_count = excluded.event_count,
    dropped_events = excluded.dropped_events,
    bad_lines = excluded.bad_lines,
    problem = excluded.problem
