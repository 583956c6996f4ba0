using System.Collections.Frozen;
using System.Collections.Immutable;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Catalogue;

/// <summary>
/// The events of Alibaba BatchCompute: which transitions they announce, and its words for states. Part of the catalogue: their numbers
/// are from <see cref="EventCatalogue"/>'s range.
/// </summary>
/// <remarks>Some transitions have an event in one catalogue and none in the other; <c>Stopped</c> and <c>Failed</c> differ by the cause.</remarks>
public static class AlibabaEvents
{
    /// <summary>The least of their numbers.</summary>
    internal const int FirstNumber = 40;

    /// <summary>All 19: the 3 of clusters, the 16 of jobs.</summary>
    public static ImmutableArray<EventKind> All { get; } =
    [
        Cluster("OnClusterDeleted", EventLevel.ComputeEnv, "DELETED", FirstNumber, "the environment and its nodes are gone"),
        Cluster("OnInstanceCreated", EventLevel.ComputeNode, "CREATED", 41, "the node's machine exists"),
        Cluster("OnInstanceActive", EventLevel.ComputeNode, "ACTIVE", 42, "the node's agent reported in for the first time"),
        Job("OnJobWaiting", EventLevel.Job, Waiting, 43, "the job is queued, also when it is retried"),
        Job("OnJobRunning", EventLevel.Job, Running, 44, "the job's first instance runs"),
        Job("OnJobStopped", EventLevel.Job, Stopped, 45, "the job ended because a user terminated it"),
        Job("OnJobFinished", EventLevel.Job, Finished, 46, "every task of the job succeeded"),
        Job("OnJobFailed", EventLevel.Job, Failed, 47, "the job failed, or ended with a task kept for inspection"),
        Job("OnTaskWaiting", EventLevel.Task, Waiting, 48, "the task is queued, whether or not it waits for others"),
        Job("OnTaskRunning", EventLevel.Task, Running, 49, "the task's first instance runs"),
        Job("OnTaskStopped", EventLevel.Task, Stopped, 50, "the task ended because a user terminated it"),
        Job("OnTaskFinished", EventLevel.Task, Finished, 51, "every instance of the task succeeded"),
        Job("OnTaskFailed", EventLevel.Task, Failed, 52, "the task failed, or ended with an instance kept for inspection"),
        Job("OnInstanceWaiting", EventLevel.TaskInstance, Waiting, 53, "the instance is queued, for its first attempt or another one"),
        Job("OnInstanceRunning", EventLevel.TaskInstance, Running, 54, "an attempt of the instance runs"),
        Job("OnInstanceStopped", EventLevel.TaskInstance, Stopped, 55, "the instance ended because a user terminated it"),
        Job("OnInstanceFinished", EventLevel.TaskInstance, Finished, 56, "the instance's command ended with exit code 0"),
        Job("OnInstanceFailed", EventLevel.TaskInstance, Failed, 57, "the instance failed for good, or is kept for inspection"),
        Job("OnPriorityChange", EventLevel.Job, EventCatalogue.PriorityChanged, 58, "a user changed the job's priority; the same priority again is no event"),
    ];

    /// <summary>An instance is queued.</summary>
    internal static EventKind InstanceWaiting { get; } = All.Single(kind => kind is { Level: EventLevel.TaskInstance, State: Waiting });

    private const string Waiting = "WAITING";
    private const string Running = "RUNNING";
    private const string Stopped = "STOPPED";
    private const string Finished = "FINISHED";
    private const string Failed = "FAILED";

    private static readonly FrozenDictionary<string, EventKind> ByKey =
        All.ToFrozenDictionary(kind => Spelling.Key(kind.Name), StringComparer.Ordinal);

    private static readonly FrozenDictionary<(EventLevel, string), EventKind> ByWord =
        All.ToFrozenDictionary(kind => (kind.Level, kind.State));

    /// <summary>Finds an event by its name, whatever its case; null when there is none.</summary>
    public static EventKind? Find(string name) => ByKey.GetValueOrDefault(Spelling.Key(name));

    /// <summary>True for a block that was Alibaba's <c>Notification</c> in the document.</summary>
    public static bool Asks(NotificationDocument block) => block.EventConfigs is [var first, ..] && Find(first.EventName) is not null;

    /// <summary>The event by which a block tells of a row of the journal: a block lists events of one catalogue. Null when that has none for it.</summary>
    public static EventKind? KindFor(NotificationDocument block, EventLevel level, string state, Cause? cause) =>
        Asks(block) ? Of(level, state, cause) : EventCatalogue.Of(level, state);

    /// <summary>The event that announces a row of the journal; null when none does.</summary>
    public static EventKind? Of(EventLevel level, string state, Cause? cause) => level switch
    {
        EventLevel.ComputeEnv or EventLevel.ComputeNode => ByWord.GetValueOrDefault((level, state == Running && level == EventLevel.ComputeNode ? "ACTIVE" : state)),
        _ when state is "SUBMITTED" or "STARTING" => null,
        _ => ByWord.GetValueOrDefault((level, KeyOf(state, cause))),
    };

    /// <summary>Whether an event of Tencent's catalogue and one of Alibaba's may announce the same row of the journal.</summary>
    internal static bool Covers(EventKind tencent, EventKind alibaba) => NamesOf(tencent).Contains(alibaba);

    /// <summary>What Alibaba calls an event of Tencent's catalogue, by its cause; empty when it has no such event.</summary>
    internal static IEnumerable<EventKind> NamesOf(EventKind tencent) =>
        new[] { Of(tencent.Level, tencent.State, null), Of(tencent.Level, tencent.State, Cause.Terminated) }.OfType<EventKind>().Distinct();

    /// <summary>Retries of an instance by the number of its attempt: a row that queues it again is about the attempt that ended, and the one to come is one more. 0 without an attempt.</summary>
    internal static int UsualRetryCount(string state, int? attempt) => attempt is { } number ? number - (state is "PENDING" or "RUNNABLE" ? 0 : 1) : 0;

    /// <summary>Alibaba's word for a state of jobs, tasks and instances, <c>Waiting</c>.</summary>
    internal static string RunWord(string state, Cause? cause) => state switch
    {
        "SUBMITTED" or "PENDING" or "RUNNABLE" or "STARTING" => "Waiting",
        "SUCCEED" => "Finished",
        "FAILED" when cause == Cause.Terminated => "Stopped",
        "FAILED" or "FAILED_INTERRUPTED" => "Failed",
        _ => "Running",
    };

    /// <summary>Alibaba's word for a state of environments and nodes, <c>Starting</c>.</summary>
    internal static string ClusterWord(EventLevel level, string state) => (level, state) switch
    {
        (_, "DELETED" or "CREATION_FAILED") => "Deleted",
        (_, "DELETING") => "Deleting",
        (EventLevel.ComputeEnv, _) => "Active",
        (_, "SUBMITTED" or "CREATING") => "Pending",
        (_, "CREATED") => "Starting",
        _ => "Running",
    };

    private static string KeyOf(string state, Cause? cause) => state switch
    {
        "PENDING" or "RUNNABLE" => Waiting,
        "SUCCEED" => Finished,
        "FAILED" when cause == Cause.Terminated => Stopped,
        "FAILED_INTERRUPTED" => Failed,
        _ => state,
    };

    private static EventKind Cluster(string name, EventLevel level, string state, int number, string fires) =>
        new(name, level, state, EventScope.Environment, number, fires);

    private static EventKind Job(string name, EventLevel level, string state, int number, string fires) =>
        new(name, level, state, EventScope.Job, number, fires);
}
