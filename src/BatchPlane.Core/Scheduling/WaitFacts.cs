using BatchPlane.Contracts;

namespace BatchPlane.Core.Scheduling;

/// <summary>A task as far as what it waits for is concerned; stored, or about to be.</summary>
public sealed record WaitingTask
{
    /// <summary>Its state.</summary>
    public required RunState State { get; init; }

    /// <summary>Instances that no node holds and that have not ended.</summary>
    public required long Waiting { get; init; }

    /// <summary>Those of them that wait for the instance of the same index of another task.</summary>
    public int WaitingByIndex { get; init; }

    /// <summary>Those of them that wait for the time of their next attempt.</summary>
    public int Delayed { get; init; }

    /// <summary>The first such time; null when it cannot be told.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>Instances that nodes hold.</summary>
    public long Held { get; init; }

    /// <summary>Its ceiling; null: none.</summary>
    public int? MaxConcurrentNum { get; init; }

    /// <summary>What an instance needs.</summary>
    public required ResourceAmounts Needs { get; init; }

    /// <summary>The tasks it depends on.</summary>
    public IReadOnlyList<StartTask> StartTasks { get; init; } = [];

    /// <summary>True when the end of its job was asked for.</summary>
    public bool IsTerminating { get; init; }

    /// <summary>Why it is closed; null while it is not.</summary>
    public string? CloseReason { get; init; }
}

/// <summary>A task that another one depends on.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">Its state.</param>
/// <param name="HasBegun">True when an instance of it has begun to run.</param>
/// <param name="On">What has to be true of it.</param>
public sealed record StartTask(string Name, RunState State, bool HasBegun, DependenceCondition On);

/// <summary>An environment and its nodes.</summary>
/// <param name="EnvId">Its id.</param>
/// <param name="TakesWork">False when it is being deleted, or is.</param>
/// <param name="DesiredNodes">Nodes it is meant to have.</param>
/// <param name="Nodes">Its running nodes.</param>
public sealed record EnvironmentFacts(string EnvId, bool TakesWork, int DesiredNodes, IReadOnlyList<NodeFacts> Nodes)
{
    /// <summary>Instances that ended in a second lately, on all nodes.</summary>
    public double EndsPerSecond => Nodes.Sum(node => node.EndsPerSecond);

    /// <summary>The most of each that any node has; nothing without nodes.</summary>
    public ResourceAmounts Largest => Nodes.Aggregate(default(ResourceAmounts), (largest, node) => largest.Max(node.Size));

    /// <summary>The same of the nodes that have a container engine.</summary>
    public ResourceAmounts LargestWithEngine => Nodes.Where(node => node.Size.Containers).Aggregate(default(ResourceAmounts), (largest, node) => largest.Max(node.Size));

    /// <summary>Slots of all nodes.</summary>
    public int Slots => Nodes.Sum(node => node.Size.Slots);

    /// <summary>Busy slots of all nodes.</summary>
    public int BusySlots => Nodes.Sum(node => node.Size.Slots - node.Free.Slots);
}

/// <summary>A running node.</summary>
/// <param name="Size">All it has.</param>
/// <param name="Free">What is free by its last heartbeat.</param>
/// <param name="EndsPerSecond">Instances that ended in a second lately.</param>
public sealed record NodeFacts(ResourceAmounts Size, ResourceAmounts Free, double EndsPerSecond);

/// <summary>Claimable instances of a job that is not the one in question.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Priority">Its priority.</param>
/// <param name="Instances">How many, in this environment.</param>
public sealed record RivalJob(string JobId, int Priority, long Instances);

/// <summary>What else there is to claim in an environment, of the same priority or a higher one.</summary>
/// <param name="Jobs">By priority and age.</param>
/// <param name="AndMore">True when there are more.</param>
public sealed record Rivals(IReadOnlyList<RivalJob> Jobs, bool AndMore)
{
    /// <summary>Nothing.</summary>
    public static Rivals None { get; } = new([], AndMore: false);
}
