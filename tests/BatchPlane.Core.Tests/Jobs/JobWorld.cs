using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Tests.Jobs;

/// <summary>A job in memory, driven as the transition path drives it: expanded, then claimed from, reported to, terminated.</summary>
internal sealed class JobWorld
{
    internal const string Node = "node-aaaaaaaa";
    internal const long Epoch = 7;

    internal static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private JobWorld(NewJob job, EngineLimits limits)
    {
        Job = new(job.Job, [.. job.Tasks.Select(task => task.Record)], [], limits);
        Job.Expand("user:tester", Start);
    }

    internal JobAggregate Job { get; }

    internal RunState State => Job.Job.State;

    internal DateTimeOffset Now { get; set; } = Start;

    /// <summary>Called after every report.</summary>
    internal Action<JobWorld>? AfterReport { get; set; }

    internal static JobWorld Of(
        TaskDocument[] tasks,
        DependenceDocument[]? edges = null,
        TaskExecutionDependOn dependOn = default,
        NotificationDocument[]? notifications = null,
        EngineLimits? limits = null,
        int? timeLimit = null,
        DateTimeOffset? deadline = null)
    {
        var document = new JobDocument
        {
            Tasks = [.. tasks.Select(task => task with { EnvId = "env-aaaaaaaa" })],
            Dependences = edges ?? [],
            TaskExecutionDependOn = dependOn,
            Notifications = notifications ?? [],
            TimeLimit = timeLimit,
            Deadline = deadline,
        };
        var ids = Enumerable.Range(100, tasks.Length).Select(id => (long)id).ToList();
        return new(NewJob.From(document, "job-aaaaaaaa", ids, "user:tester"), limits ?? new());
    }

    internal static TaskDocument Task(string name, int instances = 1, int retries = 0, FailedAction action = default, int? atOnce = null) => new()
    {
        TaskName = name,
        Application = new() { Command = "true" },
        TaskInstanceNum = instances,
        MaxRetryCount = retries,
        FailedAction = action,
        MaxConcurrentNum = atOnce,
    };

    internal TaskRecord this[string name] => Job.Tasks.Single(task => task.TaskName == name);

    internal InstanceRecord Instance(string task, int index) => Job.Find(this[task].TaskId, index)!;

    /// <summary>Instances of a task that were claimed.</summary>
    internal List<InstanceRecord> Claimed(TaskRecord task) => [.. Enumerable.Range(0, task.NextIndex).Select(index => Job.Find(task.TaskId, index)).OfType<InstanceRecord>()];

    /// <summary>Index of some instance that was claimed; null when none was.</summary>
    internal int? AnyClaimed(string task, Random random)
    {
        var indexes = Claimed(this[task]).ConvertAll(instance => instance.Index);
        return indexes.Count == 0 ? null : indexes[random.Next(indexes.Count)];
    }

    internal IReadOnlyList<AttemptRange> Claim(string task, int limit = int.MaxValue, string node = Node, long epoch = Epoch) =>
        Job.Claim(this[task].TaskId, node, epoch, limit, Now);

    /// <summary>Lets an instance be claimed again, if its wait is over.</summary>
    internal bool Blocked(string task, string kind) => Job.TellBlocked(this[task].TaskId, kind, $"{kind}: in words", Now);

    internal bool Release(string task, int index) => Job.ReleaseDelayed(this[task].TaskId, index, Now);

    /// <summary>When the wait of an instance is over; null when it does not wait.</summary>
    internal DateTimeOffset? DueAt(string task, int index) =>
        Job.NewDelays.SingleOrDefault(delay => delay.TaskId == this[task].TaskId && delay.Index == index)?.DueAt;

    internal bool Report(string task, int index, AttemptOutcome outcome, int attempt = 1, int? exitCode = null, string node = Node, long epoch = Epoch, AttemptProgress? progress = null)
    {
        var report = new AttemptReport
        {
            Index = index,
            Attempt = attempt,
            Outcome = outcome,
            ExitCode = exitCode,
            Signal = outcome == AttemptOutcome.Signaled ? 11 : null,
            BeganMsAgo = outcome is AttemptOutcome.StartFailed or AttemptOutcome.ImagePullFailed or AttemptOutcome.PackageFailed or AttemptOutcome.InputFailed or AttemptOutcome.Returned ? null : 0,
            EndedMsAgo = outcome == AttemptOutcome.Running ? null : 0,
            Progress = progress,
        };
        var isHeld = Job.Report(this[task].TaskId, node, epoch, report, Now);
        AfterReport?.Invoke(this);
        return isHeld;
    }

    /// <summary>A moment later, tries failed instances again: all, or those of some tasks.</summary>
    internal RetryOutcome Retry(params (string Task, int[]? Indexes)[] tasks)
    {
        Now += TimeSpan.FromSeconds(1);
        RetrySelection? selection = tasks.Length == 0 ? null : new();
        foreach (var (task, indexes) in tasks)
        {
            IndexSet? set = indexes is null ? null : new();
            Array.ForEach(indexes ?? [], index => set!.Include(index));
            selection!.Add(task, set);
        }

        var ends = Job.Tasks.ToDictionary(task => task.TaskId, _ => new TaskEnds());
        foreach (var skip in Job.Skipped)
        {
            ends[skip.TaskId].Skips.Add(skip);
        }

        return Job.Retry(selection, ends, () => "env-new00001", "user:tester", Now);
    }

    internal bool Succeed(string task, int index, int attempt = 1) => Report(task, index, AttemptOutcome.Exited, attempt, 0);

    internal bool Fail(string task, int index, int attempt = 1) => Report(task, index, AttemptOutcome.Exited, attempt, 1);

    /// <summary>The journal as <c>JOB_RUNNING</c>, <c>TASK_RUNNING a</c>, <c>TASK_INSTANCE_FAILED a[3]</c> or <c>a[3..9]</c>.</summary>
    internal IEnumerable<string> Story => Job.Journal.Select(entry =>
        $"{EventCatalogue.WireName(entry.Level).ToUpperInvariant()}_{entry.State}{Subject(entry)}");

    /// <summary>What must hold after every step, whatever happened.</summary>
    internal void AssertConsistent()
    {
        Assert.Equal(Enumerable.Range(0, Job.Journal.Count).Select(n => 1 + Job.Journal.Take(n).Sum(entry => (long)entry.Span)), Job.Journal.Select(entry => entry.Sequence));
        Assert.Equal(Job.Job.LastSequence, Job.Journal.Sum(entry => (long)entry.Span));
        AssertPostedOnce();
        foreach (var task in Job.Tasks)
        {
            AssertConsistent(task);
        }

        Assert.Equal(Job.Tasks.All(task => RunStates.IsFinal(task.State)), RunStates.IsFinal(State));
        Assert.Equal(RunStates.IsFinal(State), Job.Job.FinishedAt is not null);
        Assert.Equal(RunStates.IsFinal(State), Job.Job.Cause is not null);
        Assert.Equal(
            RunStates.IsFinal(State) || Job.Job.CloseCause is not null || Job.Job.TerminateRequestedAt is not null ? null : After(Job.Job.RunningAt, Job.Job.TimeLimit),
            Job.Job.ExpiresAt);
        Assert.Empty(Job.EndedDelays);
        AssertSteps(JobLifecycle.Table, EventLevel.Job, null, State);
    }

    /// <summary>What the journal says of the job or of a task is its life: step by step as the table allows, each step once, up to where it is.</summary>
    private void AssertSteps<TEvent>(Lifecycle<RunState, TEvent> table, EventLevel level, int? taskNo, RunState current)
        where TEvent : struct, Enum
    {
        var from = table.Initial;
        foreach (var entry in Job.Journal.Where(entry => entry.Level == level && entry.TaskNo == taskNo && entry.State != WireName.Of(table.Initial) && entry.State is not (EventCatalogue.PriorityChanged or JobAggregate.DeletedEntry)))
        {
            var to = WireName.Parse<RunState>(entry.State);
            Assert.True(table.Transitions.Any(step => step.Key.From == from && step.Value == to), $"the journal has {level} {taskNo} go from {from} to {to}");
            from = to;
        }

        Assert.Equal(current, from);
    }

    private static DateTimeOffset? After(DateTimeOffset? time, int? seconds) => seconds is { } given ? time?.AddSeconds(given) : null;

    private void AssertConsistent(TaskRecord task)
    {
        var rows = Claimed(task);
        int In(RunState state) => rows.Count(row => row.State == state);
        Assert.Equal(task.NextIndex, rows.Count + task.Ready.Count + task.Waiting.Count + task.Skipped.Count);
        Assert.Equal(
            Enumerable.Range(0, task.NextIndex),
            rows.Select(row => row.Index).Concat(Members(task.Ready)).Concat(Members(task.Waiting)).Concat(Members(task.Skipped)).Order());
        Assert.Equal(In(RunState.Starting), task.StartingCount);
        Assert.Equal(In(RunState.Running), task.RunningCount);
        Assert.Equal(In(RunState.Succeed), task.SucceedCount);
        Assert.Equal(In(RunState.FailedInterrupted), task.InterruptedCount);
        Assert.Equal(In(RunState.Failed) + task.Skipped.Count, task.FailedCount);
        Assert.Equal(rows.Where(row => row.State == RunState.Runnable).Select(row => row.Index).Order(), Members(task.Requeued).Concat(Members(task.Delayed)).Order());
        Assert.Equal(Job.NewDelays.Where(delay => delay.TaskId == task.TaskId).Select(delay => delay.Index).Order(), Members(task.Delayed));
        Assert.Equal(RunStates.IsFinal(task.State) || task.Closed ? null : After(task.RunningAt, task.TimeLimit), task.ExpiresAt);

        // A retry of some leaves others failed: the next failure closes the task.
        Assert.False(Job.Job.RetriedAt is null && task.OwnFailureCount >= task.MaxFailedNum && !task.Closed && !RunStates.IsFinal(task.State), "as many failures as allowed, and still open");

        // With the exit code 0 there is something to ignore when outputs could not be stored, which the reason tells.
        Assert.All(rows.Where(row => row.State == RunState.Succeed), row => Assert.Equal(row is { ExitCode: 0, Reason: null } ? Cause.Succeeded : Cause.FailureIgnored, row.Cause));
        Assert.Equal(Job.Skipped.Where(skip => skip.TaskId == task.TaskId).Sum(skip => skip.Count), task.Skipped.Count);
        Assert.All(rows, row => Assert.True(row.TerminateReason is null || RunStates.IsHeldByNode(row.State), $"instance {row.Index} is {row.State} and still to end"));
        AssertDependencesFollowed(task);
        Assert.Equal(task.InstanceCount, task.UnclaimedCount + task.StartingCount + task.RunningCount + task.FinishedCount);
        Assert.Equal(RunStates.IsFinal(task.State), task.FinishedCount == task.InstanceCount);
        Assert.Equal(RunStates.IsFinal(task.State), task.Cause is not null);

        Assert.True(task.StartingCount + task.RunningCount <= (task.MaxConcurrentNum ?? int.MaxValue), "more are held than may be at once");
        Assert.False(task.Closed && task.UnclaimedCount > 0, "closed, and something waits");

        AssertSteps(TaskLifecycle.Table, EventLevel.Task, task.TaskNo, task.State);
        AssertEndsOnceInEachLife(task);
        AssertInOrder(task);
    }

    /// <summary>In the journal an instance ends once, if need be is released, and does not end again before it was retried.</summary>
    private void AssertEndsOnceInEachLife(TaskRecord task)
    {
        var ended = new Dictionary<int, string>();
        foreach (var entry in Job.Journal.Where(entry => entry.Level == EventLevel.TaskInstance && entry.TaskNo == task.TaskNo))
        {
            for (var index = entry.InstanceIndex!.Value; index < entry.InstanceIndex + entry.Span; index++)
            {
                if (entry.Cause == Cause.Retried)
                {
                    Assert.True(ended.Remove(index, out var end) && end != "SUCCEED", $"instance {index} is retried, which has ended {end}");
                }
                else if (entry.State is "SUCCEED" or "FAILED" or "FAILED_INTERRUPTED")
                {
                    Assert.True(ended.TryAdd(index, entry.State) || (ended[index] == "FAILED_INTERRUPTED" && entry.State == "FAILED"), $"instance {index} ends {entry.State} after {ended[index]}");
                    ended[index] = entry.State;
                }
            }
        }

        int Ends(string state) => ended.Values.Count(end => end == state);
        Assert.Equal((task.SucceedCount, task.FailedCount, task.InterruptedCount), (Ends("SUCCEED"), Ends("FAILED"), Ends("FAILED_INTERRUPTED")));
    }

    private void AssertDependencesFollowed(TaskRecord task)
    {
        var byIndex = task.DependsOn.Where(edge => edge.On == DependenceCondition.EachIndex).Select(edge => Job.Tasks[edge.TaskNo]).ToList();
        Assert.All(Members(task.Waiting), index => Assert.Contains(byIndex, predecessor => !predecessor.Succeeded.Contains(index)));
        Assert.All(Members(task.Waiting), index => Assert.All(byIndex, predecessor => Assert.False(RunStates.IsFinal(predecessor.State) && !predecessor.Succeeded.Contains(index))));
        if (byIndex.Count > 0)
        {
            var begun = Claimed(task).Select(row => row.Index).Concat(Members(task.Ready));
            Assert.All(begun, index => Assert.All(byIndex, predecessor => Assert.Equal(RunState.Succeed, Job.Find(predecessor.TaskId, index)!.State)));
        }
    }

    private static IEnumerable<int> Members(IndexSet set) => set.Ranges.SelectMany(range => Enumerable.Range(range.First, range.Count));

    /// <summary>Each instance goes through its life in the journal, attempt by attempt: its events read one by one.</summary>
    private void AssertInOrder(TaskRecord task)
    {
        var last = new Dictionary<int, (int Attempt, int Step)>();
        foreach (var (entry, offset) in Events().Where(one => one.Entry is { Level: EventLevel.TaskInstance } && one.Entry.TaskNo == task.TaskNo))
        {
            var index = entry.InstanceIndex!.Value + offset;
            if (entry.Attempt is null)
            {
                // Retried, its last attempt is as any that is followed by another one.
                if (entry.Cause == Cause.Retried && last.TryGetValue(index, out var earlier))
                {
                    last[index] = earlier with { Step = 2 };
                }

                continue;
            }

            // What is posted from inside comes between begin and end, as often as it likes.
            if (entry.State is EventCatalogue.Progress or EventCatalogue.CustomEvent)
            {
                Assert.True(last.GetValueOrDefault(index) == (entry.Attempt!.Value, 1), $"instance {index}: {entry.State} of attempt {entry.Attempt} does not come between begin and end");
                continue;
            }

            // A requeued instance that a termination ends, and one that is released after an interruption, has a second end.
            var step = entry.State switch { "RUNNING" => 1, "RUNNABLE" or "FAILED_INTERRUPTED" => 2, _ => 3 };
            Assert.True(last.GetValueOrDefault(index).CompareTo((entry.Attempt!.Value, step)) < 0, $"instance {index}: {entry.State} of attempt {entry.Attempt} comes too late");
            last[index] = (entry.Attempt.Value, step);
        }
    }

    /// <summary>Each posted event is in the journal once.</summary>
    private void AssertPostedOnce() => Assert.All(Job.Progress, progress => Assert.Equal(
        progress.EventCount,
        Job.Journal.Count(entry => entry.State == EventCatalogue.CustomEvent
            && (entry.TaskNo, entry.InstanceIndex, entry.Attempt) == (Job.Tasks.Single(task => task.TaskId == progress.TaskId).TaskNo, progress.Index, progress.Attempt))));

    /// <summary>The journal event by event: the entry, and which of its events.</summary>
    internal IEnumerable<(JournalEntry Entry, int Offset)> Events() =>
        Job.Journal.SelectMany(entry => Enumerable.Range(0, entry.Span).Select(offset => (entry, offset)));

    private string Subject(JournalEntry entry) => entry switch
    {
        { InstanceIndex: { } first, Span: > 1 } => $" {Job.Tasks[entry.TaskNo!.Value].TaskName}[{first}..{first + entry.Span - 1}]",
        { InstanceIndex: { } index } => $" {Job.Tasks[entry.TaskNo!.Value].TaskName}[{index}]",
        { TaskNo: { } task } => $" {Job.Tasks[task].TaskName}",
        _ => "",
    };
}
