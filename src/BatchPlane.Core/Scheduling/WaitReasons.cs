using System.Globalization;
using BatchPlane.Contracts;

namespace BatchPlane.Core.Scheduling;

/// <summary>
/// Why a task waits, in codes and in words: pure, from facts that are gathered before. Follows <see cref="PlacementPolicy"/> and the rules
/// of claims; decides nothing.
/// </summary>
public static class WaitReasons
{
    private const int MaxNamedJobs = 10;

    /// <summary>What stands between the task and its next instance, the most important first; at least one.</summary>
    public static WaitVerdict Of(WaitingTask task, int priority, EnvironmentFacts environment, Rivals rivals)
    {
        var reasons = Blocking(task, environment).ToList();
        if (reasons.Count > 0)
        {
            return new(reasons, null, null);
        }

        if (task.Waiting == 0)
        {
            return new([Reason(WaitCodes.Running, $"Nothing waits: nodes hold {Count(task.Held, "instance")}, and no other is left.")], null, null);
        }

        var higher = rivals.Jobs.Where(job => job.Priority > priority).ToList();
        var equal = rivals.Jobs.Where(job => job.Priority == priority).ToList();
        var position = 1 + higher.Sum(job => job.Instances) + equal.Count;
        reasons.AddRange(Queueing(task, environment, higher, equal, rivals.AndMore));
        if (reasons.Count == 0)
        {
            return new([Reason(WaitCodes.AboutToStart, "Nothing is in the way: a node will take an instance within moments.")], position, 0);
        }

        return new(reasons, position, rivals.AndMore ? null : Estimate(task, environment, position));
    }

    /// <summary>
    /// The kind of a reason for people who are told of it unasked: reasons that come and go with every instance that ends are one kind. Null when it is none to be told of.
    /// </summary>
    public static string? KindOf(WaitReason reason) => reason.Code switch
    {
        WaitCodes.SlotsBusy or WaitCodes.ResourcesBusy or WaitCodes.HigherPriority or WaitCodes.EqualPriority => WaitCodes.SlotsBusy,
        WaitCodes.AboutToStart or WaitCodes.Running or WaitCodes.Terminating => null,
        var code => code,
    };

    /// <summary>What keeps the task out of the queue altogether.</summary>
    private static IEnumerable<WaitReason> Blocking(WaitingTask task, EnvironmentFacts environment)
    {
        if (task.IsTerminating)
        {
            yield return Reason(WaitCodes.Terminating, "The end of the job was asked for: nothing more starts.");
            yield break;
        }

        if (task.CloseReason is { } closed)
        {
            yield return Reason(WaitCodes.Terminating, $"The task is to end: {closed}. Nothing more of it starts.");
            yield break;
        }

        foreach (var start in task.StartTasks.Where(start => IsOpen(task, start)))
        {
            yield return Dependency(task, start);
        }

        if (task.Waiting > 0 && !environment.TakesWork)
        {
            yield return Reason(WaitCodes.EnvironmentDeleting, $"The environment {environment.EnvId} is being deleted: nothing more starts there.");
        }
        else if (task.Waiting > 0 && environment.Nodes.Count == 0)
        {
            yield return AboutNodes(WaitCodes.NoNodes, environment, $"The environment {environment.EnvId} has no running node; it is meant to have {Number(environment.DesiredNodes)}.");
        }
        else if (task.Waiting > 0 && task.Needs.Containers && !environment.Largest.Containers)
        {
            yield return AboutNodes(WaitCodes.NoContainerEngine, environment, $"The task runs in containers, and no running node of {environment.EnvId} has an engine for them (docker or podman).");
        }
        else if (task.Waiting > 0 && !environment.Nodes.Any(node => task.Needs.FitsIn(node.Size)))
        {
            var largest = task.Needs.Containers ? environment.LargestWithEngine : environment.Largest;
            var which = task.Needs.Containers ? "running node with a container engine" : "running node";
            yield return AboutNodes(WaitCodes.FitsNowhere, environment, $"An instance needs {Words(task.Needs)}: more than any {which} of {environment.EnvId} has ({Words(largest)}).") with { Needs = Document(task.Needs) };
        }

        if (task.Delayed > 0 && task.Delayed + task.WaitingByIndex == task.Waiting)
        {
            var from = task.NextAttemptAt is { } at ? string.Create(CultureInfo.InvariantCulture, $", the first at {at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}") : "";
            yield return Reason(WaitCodes.Backoff, $"{Count(task.Delayed, "instance")} failed and {Verb(task.Delayed, "waits", "wait")} for the time of the next attempt{from}.");
        }

        if (task.Waiting > 0 && task.MaxConcurrentNum is { } ceiling && task.Held >= ceiling)
        {
            yield return Reason(WaitCodes.ConcurrencyCeiling, $"{Count(task.Held, "instance")} of the task {Verb(task.Held, "runs", "run")}, as many as its max_concurrent_num allows.") with { MaxConcurrentNum = ceiling };
        }
    }

    // A task that may run waits, if at all, for single instances of another one. What can never be met any more has ended the task already.
    private static bool IsOpen(WaitingTask task, StartTask start) => start.On switch
    {
        DependenceCondition.EachIndex => task.WaitingByIndex > 0 && task.WaitingByIndex == task.Waiting || task.State == RunState.Pending && !IsFinal(start.State),
        DependenceCondition.Started => task.State is RunState.Pending or RunState.Submitted && !start.HasBegun,
        _ => task.State is RunState.Pending or RunState.Submitted && !IsFinal(start.State),
    };

    private static bool IsFinal(RunState state) => Jobs.RunStates.IsFinal(state);

    /// <summary>What keeps a task in the queue.</summary>
    private static IEnumerable<WaitReason> Queueing(WaitingTask task, EnvironmentFacts environment, List<RivalJob> higher, List<RivalJob> equal, bool andMore)
    {
        var fitting = environment.Nodes.Where(node => task.Needs.FitsIn(node.Size)).ToList();
        var hasRoom = fitting.Exists(node => task.Needs.FitsIn(node.Free));
        if (higher.Count > 0)
        {
            yield return AboutJobs(WaitCodes.HigherPriority, higher, andMore, ("comes first, by its priority", "come first, by their priority"));
        }

        if (hasRoom)
        {
            yield break;
        }

        if (fitting.TrueForAll(node => node.Free.Slots < task.Needs.Slots))
        {
            yield return AboutNodes(WaitCodes.SlotsBusy, environment, $"{Number(environment.BusySlots)} of {Count(environment.Slots, "slot")} of the {Count(environment.Nodes.Count, "running node")} of {environment.EnvId} {Verb(environment.Slots, "is", "are")} busy; an instance needs {Words(task.Needs)}.");
        }
        else
        {
            yield return AboutNodes(WaitCodes.ResourcesBusy, environment, $"An instance needs {Words(task.Needs)}, which no running node of {environment.EnvId} has free now.") with { Needs = Document(task.Needs) };
        }

        if (equal.Count > 0)
        {
            yield return AboutJobs(WaitCodes.EqualPriority, equal, andMore, ("of equal priority shares what becomes free", "of equal priority share what becomes free"));
        }
    }

    /// <summary>Seconds until as many instances have ended as have to start before; null when none ended lately.</summary>
    private static double? Estimate(WaitingTask task, EnvironmentFacts environment, long position)
    {
        var free = environment.Nodes.Where(node => task.Needs.FitsIn(node.Free)).Sum(node => (long)node.Free.Slots);
        return environment.EndsPerSecond > 0 ? Math.Round(Math.Max(0, position - free) / environment.EndsPerSecond, 1) : null;
    }

    private static WaitReason Dependency(WaitingTask task, StartTask start) => Reason(WaitCodes.Dependency, start.On switch
    {
        DependenceCondition.Succeed => $"Waits for the task '{start.Name}' to succeed; it is {WireName.Of(start.State)}.",
        DependenceCondition.PartlySucceed => $"Waits for the task '{start.Name}' to end with at least one instance that succeeded; it is {WireName.Of(start.State)}.",
        DependenceCondition.Finished => $"Waits for the task '{start.Name}' to end; it is {WireName.Of(start.State)}.",
        DependenceCondition.Failed => $"Runs only if the task '{start.Name}' fails; it is {WireName.Of(start.State)}.",
        DependenceCondition.Started => $"Waits for the first instance of the task '{start.Name}' to run; it is {WireName.Of(start.State)}.",
        DependenceCondition.EachIndex => $"{Count(task.Waiting, "instance")} {Verb(task.Waiting, "waits", "wait")} for the instances of the same index of the task '{start.Name}'; it is {WireName.Of(start.State)}.",
    }) with
    { StartTask = start.Name, StartTaskState = start.State, On = start.On };

    private static WaitReason AboutNodes(string code, EnvironmentFacts environment, string message) => Reason(code, message) with
    {
        RunningNodes = environment.Nodes.Count,
        Slots = environment.Slots,
        BusySlots = environment.BusySlots,
    };

    private static WaitReason AboutJobs(string code, List<RivalJob> jobs, bool andMore, (string One, string Several) what)
    {
        var instances = jobs.Sum(job => job.Instances);
        var named = string.Join(", ", jobs.Take(3).Select(job => job.JobId));
        return Reason(code, $"{(andMore ? "At least " : "")}{Count(instances, "instance")} of {Count(jobs.Count, "job")} {(jobs.Count == 1 && !andMore && instances == 1 ? what.One : what.Several)}: {named}{(jobs.Count > 3 ? ", …" : "")}.") with
        {
            Jobs = jobs.Count,
            Instances = instances,
            JobIds = [.. jobs.Take(MaxNamedJobs).Select(job => job.JobId)],
            AndMore = andMore,
        };
    }

    private static WaitReason Reason(string code, string message) => new() { Code = code, Message = message };

    private static ResourcesDocument Document(ResourceAmounts needs) => new()
    {
        Slots = needs.Slots,
        Cpu = needs.CpuMillis == 0 ? null : needs.CpuMillis / 1000m,
        MemoryMib = needs.MemoryMib == 0 ? null : needs.MemoryMib,
    };

    private static string Words(ResourceAmounts amounts)
    {
        var words = new List<string> { Count(amounts.Slots, "slot") };
        if (amounts.CpuMillis > 0)
        {
            words.Add(string.Create(CultureInfo.InvariantCulture, $"{amounts.CpuMillis / 1000m:0.###} cpu"));
        }

        if (amounts.MemoryMib > 0)
        {
            words.Add($"{Number(amounts.MemoryMib)} MiB");
        }

        return string.Join(", ", words);
    }

    private static string Count(long count, string what) => $"{Number(count)} {what}{(count == 1 ? "" : "s")}";

    private static string Verb(long count, string one, string several) => count == 1 ? one : several;

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Why a task waits.</summary>
/// <param name="Reasons">At least one.</param>
/// <param name="Position">Place of its next instance in the queue, from 1; null: it does not queue.</param>
/// <param name="EstimatedSecondsToStart">Null when it cannot be told.</param>
public sealed record WaitVerdict(IReadOnlyList<WaitReason> Reasons, long? Position, double? EstimatedSecondsToStart);
