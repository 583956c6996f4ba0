-- The trace a job or environment belongs to.
-- Locking: jobs and environments for a moment. Running time: milliseconds however many rows there are, since the columns have no default.
ALTER TABLE jobs ADD COLUMN traceparent text;
COMMENT ON COLUMN jobs.traceparent IS 'W3C trace context of the request that submitted the job, which its messages carry; null: there was none.';

ALTER TABLE environments ADD COLUMN traceparent text;
COMMENT ON COLUMN environments.traceparent IS 'As jobs.traceparent, of the request that created the environment.';
