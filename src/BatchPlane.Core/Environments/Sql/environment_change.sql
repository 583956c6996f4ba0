-- Stores what a user wishes of an environment, all of it; @slots, @cpu, @memory_mib (what nodes promise that are made from now on) and @instance_types (in Tencent's words): null: as it was. Caller: EnvironmentStore, under the lock of environment_lock.sql.
UPDATE environments
SET
    env_name = coalesce(@env_name::text, env_name),
    env_description = coalesce(@env_description::text, env_description),
    tags = coalesce(@tags::jsonb, tags),
    interest = coalesce(@interest::integer[], interest),
    desired_node_count = @desired_node_count::integer,
    min_node_count = @min_node_count::integer,
    max_node_count = @max_node_count::integer,
    idle_seconds = @idle_seconds::integer,
    inactive_action = @inactive_action::text,
    max_retry_count = @max_retry_count::integer,
    slots_per_node = CASE WHEN provider <> 'attached' THEN coalesce(@slots::integer, slots_per_node) ELSE slots_per_node END,
    cpu_per_node = CASE WHEN provider = 'local' THEN coalesce(@cpu::integer, cpu_per_node) ELSE cpu_per_node END,
    memory_mib_per_node = CASE WHEN provider = 'local' THEN coalesce(@memory_mib::integer, memory_mib_per_node) ELSE memory_mib_per_node END,
    provider_settings = CASE
        WHEN provider = 'slurm' AND @cpu::integer IS NOT NULL THEN provider_settings || jsonb_build_object('cpus', @cpu::integer, 'memory_mib', @memory_mib::integer)
        ELSE provider_settings
    END,
    tencent = CASE
        WHEN @instance_types::text[] IS NULL THEN tencent
        ELSE jsonb_set(
            tencent,
            '{ComputeEnv,EnvData}',
            (coalesce(tencent #> '{ComputeEnv,EnvData}', '{}') - 'InstanceType' - 'InstanceTypeOptions') || jsonb_build_object('InstanceTypes', @instance_types::text[])
        )
    END
WHERE env_id = @env_id::text
