using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Jobs;

/// <summary>Reads <c>compute_env</c> of a task: the environment that is to be made for it. The bounds are those of environments that users make.</summary>
internal static class ComputeEnvReader
{
    private const int MillisPerCpu = 1_000;

    private static readonly MemberSet Members = new(
        ["provider", "max_compute_node_count", "idle_seconds", "slots_per_node", "cpu_per_node", "memory_mib_per_node", "slurm"],
        ["env_type", "env_data", "mount_data_disks", "agent_running_mode"]);

    /// <summary>Every member that is read, by the path of its object.</summary>
    internal static IReadOnlyList<(string Path, MemberSet Members)> Fields { get; } =
        [("$.tasks[0].compute_env", Members), ("$.tasks[0].compute_env.slurm", SlurmDocumentReader.Members)];

    /// <summary>The environment to make; null: none is asked for, or it cannot be read.</summary>
    internal static ComputeEnvDocument? Read(ObjectReader task, ResourcesDocument? needs, ProblemList problems)
    {
        if (task.Find("compute_env") is not { } value)
        {
            return null;
        }

        if (task.Find("env_id") is not null)
        {
            problems.Add(task.PathOf("compute_env"), ItemCodes.EnvIdOrComputeEnv, "Expected one of 'env_id' (an environment that exists) and 'compute_env' (one made for the task), given both.");
        }

        if (ObjectReader.Open(value, task.PathOf("compute_env"), Members, problems) is not { } members)
        {
            return null;
        }

        var environment = ReadMembers(members, problems);
        if (needs is not null)
        {
            CheckRoom(task, environment, needs, problems);
        }

        return environment;
    }

    /// <summary>The tries of the task's environment; 0 unless it says more.</summary>
    internal static int ReadMaxRetries(ObjectReader task) => EnvironmentDocumentReader.MaxRetries(task) ?? 0;

    private static ComputeEnvDocument ReadMembers(ObjectReader members, ProblemList problems)
    {
        var provider = EnvironmentDocumentReader.Provider(members);
        if (provider == NodeProvider.Attached)
        {
            problems.Add(members.PathOf("provider"), ItemCodes.ComputeEnvAttached, "Expected a provider that makes nodes, local or slurm: to an environment of one task nobody attaches machines.");
        }

        NodeSizeRules.Check(members, provider ?? NodeProvider.Local, problems);
        return new()
        {
            Provider = provider ?? NodeProvider.Local,
            MaxComputeNodeCount = members.Integer("max_compute_node_count", 1, EnvironmentDocumentReader.MaxNodes, ItemCodes.MaxComputeNodeCountOutOfRange) ?? 1,
            IdleSeconds = EnvironmentDocumentReader.Idle(members) ?? EnvironmentDocument.DefaultIdleSeconds,
            SlotsPerNode = EnvironmentDocumentReader.SlotsPerNode(members),
            CpuPerNode = EnvironmentDocumentReader.CpuPerNode(members),
            MemoryMibPerNode = EnvironmentDocumentReader.MemoryMibPerNode(members),
            Slurm = SlurmDocumentReader.Read(members, provider, problems),
        };
    }

    /// <summary>What does not fit on the nodes that are asked for would wait for ever. Of what is left to the host nothing is known here.</summary>
    private static void CheckRoom(ObjectReader task, ComputeEnvDocument environment, ResourcesDocument needs, ProblemList problems)
    {
        var wanted = ResourceAmounts.Of(needs);
        int? cpu = environment.Slurm?.Cpus ?? environment.CpuPerNode;
        int? slots = environment.SlotsPerNode ?? environment.Slurm?.Cpus;
        int? memory = environment.Slurm is { } slurm ? slurm.MemoryMib : environment.MemoryMibPerNode;
        Check("slots", wanted.Slots, slots);
        Check("cpu in thousandths", wanted.CpuMillis, cpu * MillisPerCpu);
        Check("MiB of memory", wanted.MemoryMib, memory);

        void Check(string what, int needed, int? there)
        {
            if (needed > there)
            {
                problems.Add(task.PathOf("resources"), ItemCodes.ComputeEnvTooSmall, string.Create(CultureInfo.InvariantCulture, $"An instance needs more {what}, {needed}, than a node of compute_env has, {there}."));
            }
        }
    }
}
