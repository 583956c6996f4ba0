-- Forgets statistics of old days. Caller: StatisticsStore, hourly. Parameters: @keep_days. Locks the rows it deletes.
DELETE FROM attempt_statistics
WHERE day < (now() AT TIME ZONE 'UTC')::date - @keep_days::integer
