using BatchPlane.Contracts;

namespace BatchPlane.Core.Jobs;

/// <summary>What a batch of requests needs to see.</summary>
internal sealed class JobLoad
{
    /// <summary>Environments of which those are held that take jobs.</summary>
    internal SortedSet<string> EnvIds { get; } = new(StringComparer.Ordinal);

    internal SortedSet<string> JobIds { get; } = new(StringComparer.Ordinal);

    internal SortedSet<string> NodeIds { get; } = new(StringComparer.Ordinal);

    /// <summary>Runs of consecutive indexes; they may overlap.</summary>
    internal List<(long TaskId, int First, int Count)> Instances { get; } = [];

    internal HashSet<(long TaskId, int Index)> Progress { get; } = [];

    internal Dictionary<long, int> RequeuedLimits { get; } = [];

    internal HashSet<(long TaskId, int Index)> Delays { get; } = [];

    /// <summary>Jobs or tasks of them are to end: what they keep for inspection is loaded.</summary>
    internal HashSet<string> TerminatedJobIds { get; } = new(StringComparer.Ordinal);

    /// <summary>Jobs that are to be tried again: how their instances ended is loaded, if they have ended.</summary>
    internal HashSet<string> RetriedJobIds { get; } = new(StringComparer.Ordinal);

    internal void AddInstances(IEnumerable<(long TaskId, int Index)> instances)
    {
        foreach (var (taskId, index) in instances)
        {
            if (Instances.Count > 0 && Instances[^1] is var last && last.TaskId == taskId && index >= last.First && index <= last.First + last.Count)
            {
                Instances[^1] = last with { Count = Math.Max(last.Count, index - last.First + 1) };
            }
            else
            {
                Instances.Add((taskId, index, 1));
            }
        }
    }
}

/// <summary>What a batch of requests sees, under locks.</summary>
internal sealed class LockedJobs
{
    internal required DateTimeOffset Now { get; init; }

    internal required Dictionary<string, JobAggregate> Jobs { get; init; }

    internal required Dictionary<string, (long Epoch, NodeState State)> Nodes { get; init; }

    /// <summary>Those of the load's environments that take jobs.</summary>
    internal IReadOnlySet<string> OpenEnvIds { get; init; } = new HashSet<string>();

    /// <summary>Of tasks of ended jobs that are to be tried again: how their instances ended, as stored.</summary>
    internal IReadOnlyDictionary<long, TaskEnds> Ends { get; init; } = new Dictionary<long, TaskEnds>();
}
