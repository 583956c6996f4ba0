namespace BatchPlane.Core.Scheduling;

/// <summary>What one job gets in one pass. Made and changed by <see cref="PlacementPolicy"/> alone.</summary>
internal sealed class JobShare(int priority, long jobNo)
{
    private readonly List<ClaimableTask> _tasks = [];
    private List<(ClaimableTask Task, int Left)>? _left;
    private int _next;

    internal int Priority => priority;

    internal long JobNo => jobNo;

    /// <summary>Slots its instances hold, those given in this pass included where they are given one by one.</summary>
    internal long Held { get; private set; }

    /// <summary>Instances that may be claimed.</summary>
    internal long Claimable { get; private set; }

    /// <summary>True when every instance needs one slot and nothing else.</summary>
    internal bool NeedsSlotsOnly { get; private set; } = true;

    /// <summary>Instances given in this pass, where they are given in one go.</summary>
    internal long Share { get; set; }

    /// <summary>Place in the order of this pass.</summary>
    internal int Turn { get; set; }

    internal bool IsBehind(JobTurn? turn) => turn is not null && turn.Priority == priority && jobNo > turn.JobNo;

    internal void Add(ClaimableTask task)
    {
        _tasks.Add(task);
        Held = task.HeldByJob ?? Held + ((long)task.Held * task.Needs.Slots);
        Claimable += task.Claimable;
        NeedsSlotsOnly &= task.Needs.IsOneSlot;
    }

    /// <summary>Instances it may be given until it holds <paramref name="level"/> slots.</summary>
    internal long UpTo(long level) => Math.Clamp(level - Held, 0, Claimable);

    /// <summary>Its share, divided evenly among its tasks; what a small task leaves goes to the others.</summary>
    internal IEnumerable<(ClaimableTask Task, int Count)> Divide()
    {
        var left = Share;
        var waiting = _tasks.Count;
        foreach (var task in _tasks.OrderBy(task => task.Claimable))
        {
            var count = (int)Math.Min(task.Claimable, (left + waiting - 1) / waiting);
            waiting--;
            if (count > 0)
            {
                left -= count;
                yield return (task, count);
            }
        }
    }

    /// <summary>The task whose turn it is within the job; null when nothing is left.</summary>
    internal ClaimableTask? NextTask()
    {
        _left ??= [.. _tasks.Select(task => (task, task.Claimable))];
        return _left.Count == 0 ? null : _left[_next %= _left.Count].Task;
    }

    /// <summary>An instance of the task whose turn it was found room.</summary>
    internal void Took(ClaimableTask task)
    {
        Held += task.Needs.Slots;
        var left = _left![_next].Left - 1;
        if (left == 0)
        {
            _left.RemoveAt(_next);
        }
        else
        {
            _left[_next++] = (task, left);
        }
    }

    /// <summary>The task whose turn it was finds no room in this pass.</summary>
    internal void Drop(ClaimableTask task) => _left!.RemoveAll(entry => entry.Task == task);
}
