using BatchPlane.Contracts;

namespace BatchPlane.Core.Scheduling;

/// <summary>A task that has instances to claim, as seen just now.</summary>
/// <param name="JobId">Its job.</param>
/// <param name="TaskId">The task.</param>
/// <param name="Priority">0 to 100, larger first.</param>
/// <param name="Claimable">Instances that may be claimed, at least 1.</param>
public sealed record ClaimableTask(string JobId, long TaskId, int Priority, int Claimable)
{
    /// <summary>Place of its job among those of equal priority: the task id of the job's first task.</summary>
    public long JobNo { get; init; } = TaskId;

    /// <summary>What an instance needs of its node.</summary>
    public ResourceAmounts Needs { get; init; } = ResourceAmounts.OneSlot;

    /// <summary>Instances of it that nodes hold.</summary>
    public int Held { get; init; }

    /// <summary>Slots that the instances of all tasks of its job hold, also of those that have nothing to claim; null: no other task holds any.</summary>
    public long? HeldByJob { get; init; }
}

/// <summary>A node that waits for instances.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Capacity">Slots' worth of instances it takes now, at least 1.</param>
public sealed record WaitingNode(string NodeId, long Epoch, int Capacity)
{
    /// <summary>All it has to give, whatever it holds: what does not fit in this never fits.</summary>
    public ResourceAmounts Size { get; init; } = new(int.MaxValue, 0, 0);

    /// <summary>Thousandths of a processor it can still promise.</summary>
    public int FreeCpuMillis { get; init; }

    /// <summary>MiB of memory it can still promise.</summary>
    public int FreeMemoryMib { get; init; }
}

/// <summary>Instances of a task for a node.</summary>
/// <param name="Node">The node.</param>
/// <param name="Task">The task.</param>
/// <param name="Count">At least 1.</param>
public sealed record Placement(WaitingNode Node, ClaimableTask Task, int Count);

/// <summary>Whose turn was last: among jobs of this priority those behind it come first.</summary>
/// <param name="Priority">Priority of the jobs that take turns.</param>
/// <param name="JobNo">The job that was served last.</param>
public sealed record JobTurn(int Priority, long JobNo);

/// <summary>What there is to claim, or as much of it as one pass looks at.</summary>
/// <param name="Tasks">By priority, job and task.</param>
/// <param name="ResumeAt">
/// Not null when jobs of the lowest priority that is in here were left out: the last job, from the turn on, that was not. Jobs of higher
/// priority are never left out, those of lower priority only together with some of this one.
/// </param>
public sealed record ClaimWindow(IReadOnlyList<ClaimableTask> Tasks, JobTurn? ResumeAt);

/// <summary>A decision.</summary>
/// <param name="Placements">Who gets what.</param>
/// <param name="Turn">Whose turn it was last, for the next pass.</param>
public sealed record PlacementPlan(IReadOnlyList<Placement> Placements, JobTurn? Turn);

/// <summary>
/// Which instance goes to which node: a pure decision, in this order.
/// <list type="number">
/// <item>Priority: nothing of a lower one while an instance of a higher one finds room.</item>
/// <item>Fairness between jobs of equal priority, whatever their size and number of tasks: room goes to the job that holds the fewest slots;
/// jobs that hold equally many take turns, in the order of their submission. Within a job its tasks share evenly.</item>
/// <item>Packing: an instance that needs more than one slot, or some processor or memory, goes where it leaves the least room over, so that
/// room for large ones remains elsewhere; all others go where there is the most room.</item>
/// </list>
/// Where the instance whose turn it is finds no room yet, though the node is large enough, as much as it needs is set aside for the rest of the pass:
/// small instances that come later would otherwise take each bit of room as it appears, for ever.
/// A decision is a proposal: the transition path grants what is still there.
/// </summary>
public static class PlacementPolicy
{
    /// <summary>Places instances until the nodes are full or nothing is left that fits.</summary>
    public static PlacementPlan Place(ClaimWindow window, IReadOnlyList<WaitingNode> nodes, JobTurn? turn)
    {
        var floor = new Floor(nodes);
        JobTurn? next = null;
        foreach (var level in window.Tasks.GroupBy(task => task.Priority).OrderByDescending(group => group.Key))
        {
            var jobs = InTurn(level, turn);
            var last = jobs.TrueForAll(job => job.NeedsSlotsOnly)
                ? PlaceEqual(jobs, floor)
                : PlaceOneByOne(jobs, floor);
            next = last is null ? window.ResumeAt : After(last, turn, window.ResumeAt);
            if (floor.FreeSlots == 0)
            {
                return new(floor.Placements(), next);
            }
        }

        return new(floor.Placements(), window.ResumeAt);
    }

    // Jobs before the turn are served from their beginning once the window has come to the end of the level; before that, it has to move on.
    private static JobTurn After(JobShare last, JobTurn? turn, JobTurn? resumeAt) =>
        resumeAt is not null && resumeAt.Priority == last.Priority && !last.IsBehind(turn) ? resumeAt : new(last.Priority, last.JobNo);

    /// <summary>The jobs of one priority, those behind the turn first.</summary>
    private static List<JobShare> InTurn(IEnumerable<ClaimableTask> level, JobTurn? turn)
    {
        var jobs = new List<JobShare>();
        foreach (var task in level.OrderBy(task => task.JobNo).ThenBy(task => task.TaskId))
        {
            if (jobs.Count == 0 || jobs[^1].JobNo != task.JobNo)
            {
                jobs.Add(new(task.Priority, task.JobNo));
            }

            jobs[^1].Add(task);
        }

        var first = jobs.FindIndex(job => job.IsBehind(turn));
        return first <= 0 ? jobs : [.. jobs[first..], .. jobs[..first]];
    }

    /// <summary>
    /// Instances that all need one slot: as many slots as bring the jobs that hold the fewest to one level, without a step for each instance.
    /// Returns the job that was served last; null when none was.
    /// </summary>
    private static JobShare? PlaceEqual(List<JobShare> jobs, Floor floor)
    {
        var room = floor.FreeSlots;
        var level = Level(jobs, room);
        JobShare? last = null;
        foreach (var job in jobs)
        {
            job.Share = job.UpTo(level);
            room -= job.Share;
            last = job.Share > 0 ? job : last;
        }

        foreach (var job in jobs.Where(job => room > 0 && job.UpTo(level + 1) > job.Share).Take((int)Math.Max(0, room)).ToList())
        {
            job.Share++;
            last = job;
        }

        foreach (var (task, count) in jobs.SelectMany(job => job.Divide()))
        {
            floor.Spread(task, count);
        }

        return last;
    }

    /// <summary>The most slots that each job may hold when no more than <paramref name="room"/> are given out.</summary>
    private static long Level(List<JobShare> jobs, long room)
    {
        if (jobs.Sum(job => job.Claimable) <= room)
        {
            return long.MaxValue / 2;
        }

        var low = jobs.Min(job => job.Held);
        var high = jobs.Max(job => job.Held) + room + 1;
        while (high - low > 1)
        {
            var middle = low + (high - low) / 2;
            (low, high) = jobs.Sum(job => job.UpTo(middle)) <= room ? (middle, high) : (low, middle);
        }

        return low;
    }

    /// <summary>Instances of different needs, one after the other. Returns the job that was served last; null when none was.</summary>
    private static JobShare? PlaceOneByOne(List<JobShare> jobs, Floor floor)
    {
        JobShare? last = null;
        var queue = new PriorityQueue<JobShare, (long Held, int Turn)>();
        for (var turn = 0; turn < jobs.Count; turn++)
        {
            jobs[turn].Turn = turn;
            queue.Enqueue(jobs[turn], (jobs[turn].Held, turn));
        }

        while (floor.FreeSlots > 0 && queue.TryDequeue(out var job, out _))
        {
            if (job.NextTask() is not { } task)
            {
                continue;
            }

            if (floor.TryPlace(task))
            {
                job.Took(task);
                last = job;
            }
            else
            {
                job.Drop(task);
                floor.SetAside(task.Needs);
            }

            queue.Enqueue(job, (job.Held, job.Turn));
        }

        return last;
    }
}
