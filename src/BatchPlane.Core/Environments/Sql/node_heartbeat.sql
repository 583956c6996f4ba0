-- A sign of life: moves the lease. Caller: EnvironmentStore. No row: the epoch is not the node's, or it was given up.
UPDATE nodes
SET
    lease_until = clock_timestamp() + make_interval(secs => @lease_seconds::double precision),
    load_average = @load_average::double precision,
    memory_free_mib = @memory_free_mib::integer,
    disk_free_mib = @disk_free_mib::bigint,
    disk_total_mib = @disk_total_mib::bigint,
    running_attempts = @running_attempts::integer,
    busy_slots = @busy_slots::integer,
    promised_cpu_millis = @promised_cpu_millis::integer,
    promised_memory_mib = @promised_memory_mib::integer,
    ends_per_second = @ends_per_second::double precision,
    kept_attempts = @kept_attempts::integer,
    idle_since = clock_timestamp() - make_interval(secs => @idle_seconds::double precision)
WHERE node_id = @node_id::text
    AND epoch = @epoch::bigint
    AND state IN ('RUNNING', 'DELETING')
RETURNING state
