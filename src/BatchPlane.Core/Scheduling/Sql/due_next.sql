-- Seconds until something is due; null when nothing ever is. Caller: DueStore.
SELECT extract(epoch FROM least(
    (SELECT min(due_at) FROM retry_delays),
    (SELECT min(expires_at) FROM tasks WHERE expires_at IS NOT NULL),
    (SELECT min(progress_due_at) FROM tasks WHERE progress_due_at IS NOT NULL),
    (SELECT min(expires_at) FROM jobs WHERE expires_at IS NOT NULL),
    (SELECT min(due_at) FROM jobs WHERE due_at IS NOT NULL)
) - clock_timestamp())::double precision
