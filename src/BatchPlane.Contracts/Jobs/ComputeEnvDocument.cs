namespace BatchPlane.Contracts;

/// <summary>
/// An environment made for one task: an anonymous one. It has no nodes while nothing of the task may run; then as many as the work asks for, up to
/// <see cref="MaxComputeNodeCount"/>. It is deleted, its nodes too, when the task has ended.
/// </summary>
public sealed record ComputeEnvDocument
{
    /// <summary>Who makes its nodes: <c>local</c>, the default, or <c>slurm</c>.</summary>
    public NodeProvider Provider { get; init; }

    /// <summary>Most nodes, 1 to 2,000. Default 1.</summary>
    public int MaxComputeNodeCount { get; init; } = 1;

    /// <summary>Seconds that a node has nothing before it goes while the task still lives, 10 to 86,400. Default 300.</summary>
    public int IdleSeconds { get; init; } = EnvironmentDocument.DefaultIdleSeconds;

    /// <summary>Instances a node runs at once, 1 to 1,024; null: one for each processor.</summary>
    public int? SlotsPerNode { get; init; }

    /// <summary>Processors that a node promises to instances, 1 to 1,024; null: all of its host. With the provider <c>local</c> alone.</summary>
    public int? CpuPerNode { get; init; }

    /// <summary>MiB of memory that a node promises to instances, 1 to 16,777,216; null: all of its host. With the provider <c>local</c> alone.</summary>
    public int? MemoryMibPerNode { get; init; }

    /// <summary>How its nodes are made as Slurm jobs; only with the provider <c>slurm</c>.</summary>
    public SlurmDocument? Slurm { get; init; }
}

/// <summary>What becomes of a task when no node can be made for the environment that is made for it.</summary>
public enum CreationFailedState
{
    /// <summary>The task ends FAILED, cause <c>node_creation_failed</c>, once <c>resource_max_retry_count</c> tries are used up and it has no node that could run it. The default.</summary>
    Failed,

    /// <summary>The task stays RUNNABLE, and nodes are tried again and again, with pauses.</summary>
    Runnable,
}
