namespace BatchPlane.Core.Jobs;

/// <summary>Which failed instances to try again: tasks by name, with all their failed instances or some.</summary>
public sealed class RetrySelection
{
    private readonly Dictionary<string, IndexSet?> _indexesByTask = new(StringComparer.Ordinal);

    /// <summary>Every index there can be.</summary>
    internal static IndexSet Everything { get; } = Whole();

    /// <summary>Adds instances of a task to those it has; null: all of them.</summary>
    internal void Add(string taskName, IndexSet? indexes)
    {
        if (!_indexesByTask.TryGetValue(taskName, out var all))
        {
            _indexesByTask[taskName] = indexes;
        }
        else if (all is null || indexes is null)
        {
            _indexesByTask[taskName] = null;
        }
        else
        {
            all.Include(indexes);
        }
    }

    /// <summary>Selected indexes of a task; none when it was not named.</summary>
    internal IndexSet Of(string taskName) => _indexesByTask.TryGetValue(taskName, out var indexes) ? indexes ?? Everything : new();

    /// <summary>What is named and does not exist; null when all of it does.</summary>
    internal RetryOutcome? Refuse(IReadOnlyList<TaskRecord> tasks)
    {
        foreach (var (taskName, indexes) in _indexesByTask)
        {
            if (tasks.FirstOrDefault(task => task.TaskName == taskName) is not { } task)
            {
                return new RetryOutcome.TaskNotFound(taskName);
            }

            if (indexes?.Ranges[^1] is var (first, count) && first + (long)count > task.InstanceCount)
            {
                return new RetryOutcome.InstanceNotFound(taskName, first + count - 1);
            }
        }

        return null;
    }

    private static IndexSet Whole()
    {
        var set = new IndexSet();
        set.Add(0, int.MaxValue);
        return set;
    }
}
