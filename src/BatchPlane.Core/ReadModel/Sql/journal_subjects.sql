-- Jobs whose journals can have what a filter by name or environment wants, where an index tells which they are.
-- Caller: JournalReader. Parameters, null: any: @job_name: exactly; @job_name_pattern: as in LIKE; @env_id and @env_label, the environment as it stands in jobs.labels;
-- @from_txid: nothing before it is wanted; @until: nothing since it is wanted; @row_limit. One row: at most @row_limit ids, how many rows they have, counted up to @row_limit,
-- and whether that is all: at most @row_limit jobs are looked at, those included that are too old or too new. Locks nothing.
-- An environment that was made for a task is not in the labels of its job; its row names the job. Of jobs that were removed the name is known, but no environment.
WITH looked AS MATERIALIZED (
    (
        SELECT job_id, journal_txid, created_at
        FROM jobs
        WHERE (@job_name::text IS NULL OR job_name = @job_name::text)
            AND (@job_name_pattern::text IS NULL OR job_name LIKE @job_name_pattern::text)
            AND (
                @env_id::text IS NULL
                OR labels @> ARRAY[@env_label::text]
                OR job_id = (SELECT e.job_id FROM environments AS e WHERE e.env_id = @env_id::text)
            )
        LIMIT @row_limit::integer
    )
    UNION ALL
    (
        SELECT job_id, journal_txid, created_at
        FROM removed_jobs
        WHERE @env_id::text IS NULL
            AND (@job_name::text IS NULL OR job_name = @job_name::text)
            AND (@job_name_pattern::text IS NULL OR job_name LIKE @job_name_pattern::text)
        LIMIT @row_limit::integer
    )
    LIMIT @row_limit::integer
),
found AS MATERIALIZED (
    SELECT job_id
    FROM looked
    WHERE journal_txid >= @from_txid::xid8
        AND (@until::timestamptz IS NULL OR created_at < @until::timestamptz)
)
SELECT
    ARRAY(SELECT job_id FROM found) AS subject_ids,
    (
        SELECT count(*)::integer
        FROM (
            SELECT
            FROM found
            CROSS JOIN LATERAL (
                -- In the order of the index, so that it is one for each job and never all rows of everybody.
                SELECT
                FROM events AS e
                WHERE e.subject_id = found.job_id
                ORDER BY e.sequence
                LIMIT @row_limit::integer
            ) AS of_job
            LIMIT @row_limit::integer
        ) AS counted
    ) AS row_count,
    (SELECT count(*) < @row_limit::integer FROM looked) AS is_complete
