using System.Collections.Frozen;
using System.Collections.Immutable;
using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Catalogue;

/// <summary>What an event is about. Wire names: <c>job</c>, <c>task</c>, <c>task_instance</c>, <c>compute_env</c>, <c>compute_node</c>, <c>subscription</c>.</summary>
public enum EventLevel
{
    /// <summary>A job.</summary>
    Job,

    /// <summary>A task of a job.</summary>
    Task,

    /// <summary>An instance of a task.</summary>
    TaskInstance,

    /// <summary>An environment.</summary>
    ComputeEnv,

    /// <summary>A node of an environment.</summary>
    ComputeNode,

    /// <summary>A subscription of a topic.</summary>
    Subscription,
}

/// <summary>Where an event may be asked for.</summary>
[Flags]
public enum EventScope
{
    /// <summary>Nowhere: it is told without being asked for.</summary>
    None = 0,

    /// <summary>In the notifications of a job.</summary>
    Job = 1,

    /// <summary>In the notifications of an environment.</summary>
    Environment = 2,
}

/// <summary>One event of the catalogue.</summary>
/// <param name="Name">Canonical name, <c>JOB_FAILED</c>; what is emitted.</param>
/// <param name="Level">What it is about.</param>
/// <param name="State">Wire name of the state whose entry it announces, <c>FAILED</c>; of an event that changes no state, what happened.</param>
/// <param name="Scope">Where it may be asked for.</param>
/// <param name="Number">Position in the catalogue, 0 to 62, never reused: where the column <c>interest</c> says who asked for it.</param>
/// <param name="Fires">When it fires, one phrase for documents.</param>
public sealed record EventKind(string Name, EventLevel Level, string State, EventScope Scope, int Number, string Fires)
{
    /// <summary>AMQP routing key, <c>job.failed</c>.</summary>
    public string RoutingKey { get; } = $"{EventCatalogue.WireName(Level)}.{EventCatalogue.StateWord(State)}";

    /// <summary>True for the events of Tencent's specification; the others are told only where they are named.</summary>
    public bool IsOfSpecification => Number < EventCatalogue.SpecifiedEvents;

    /// <summary>True when it says that something has ended.</summary>
    public bool IsFinal => State is "SUCCEED" or "FAILED" or "FAILED_INTERRUPTED" or "DELETED" or "CREATION_FAILED" or "FINISHED" or "STOPPED";

    /// <summary>False for what tells of a subject without a change of its state.</summary>
    public bool IsChangeOfState => State is not (EventCatalogue.PriorityChanged or EventCatalogue.Progress or EventCatalogue.CustomEvent
        or EventCatalogue.Overdue or EventCatalogue.Blocked or EventCatalogue.AttemptStarted or EventCatalogue.AttemptEnded);

    /// <summary>True when <see cref="State"/> is one, and not a word in its place.</summary>
    public bool IsOfState => IsChangeOfState && State is not (EventCatalogue.Draining or EventCatalogue.Lost or EventCatalogue.Recovered);

    /// <summary>The same name as Tencent's guide writes it, <c>JobFailed</c>.</summary>
    public string PascalName { get; } = string.Concat(Name.Split('_').Select(word => word[..1] + word[1..].ToLowerInvariant()));
}

/// <summary>
/// The one list of events: their names, spellings, levels and routing keys. Validation, matching, messages and documents all
/// read it; nothing else in BatchPlane spells an event name.
/// </summary>
public static class EventCatalogue
{
    /// <summary>What stands for the state in events about a job's priority, which change none.</summary>
    public const string PriorityChanged = "PRIORITY_CHANGED";

    /// <summary>What stands for the state in events about progress, which change none.</summary>
    public const string Progress = "PROGRESS";

    /// <summary>What stands for the state in custom events, which change none.</summary>
    public const string CustomEvent = "CUSTOM_EVENT";

    /// <summary>What stands for the state when a job has not ended at its deadline.</summary>
    public const string Overdue = "OVERDUE";

    /// <summary>What stands for the state when a task waits for others.</summary>
    public const string Blocked = "BLOCKED";

    /// <summary>What stands for the state when an attempt began.</summary>
    public const string AttemptStarted = "ATTEMPT_STARTED";

    /// <summary>What stands for the state when an attempt ended.</summary>
    public const string AttemptEnded = "ATTEMPT_ENDED";

    /// <summary>What stands for the state when a node finishes what it runs before it goes.</summary>
    public const string Draining = "DRAINING";

    /// <summary>What stands for the state when a node was given up.</summary>
    public const string Lost = "LOST";

    /// <summary>What stands for the state when a node that was given up is back.</summary>
    public const string Recovered = "RECOVERED";

    /// <summary>What a subscription is that gets nothing.</summary>
    public const string Disabled = "DISABLED";

    /// <summary>What a subscription is that gets what its bindings say.</summary>
    public const string Enabled = "ENABLED";

    /// <summary>Events of Tencent's specification: they have the first numbers.</summary>
    public const int SpecifiedEvents = 19;

    /// <summary>All events: the 19 of the specification in its order, then those that it does not have.</summary>
    public static ImmutableArray<EventKind> All { get; } =
    [
        Run("JOB_RUNNING", EventLevel.Job, "RUNNING", 0, "the job's first instance runs"),
        Run("JOB_SUCCEED", EventLevel.Job, "SUCCEED", 1, "every task of the job succeeded"),
        Run("JOB_FAILED", EventLevel.Job, "FAILED", 2, "the job ended and a task failed, or it was terminated"),
        Run("JOB_FAILED_INTERRUPTED", EventLevel.Job, "FAILED_INTERRUPTED", 3, "the job ended with a task kept for inspection"),
        Run("TASK_RUNNING", EventLevel.Task, "RUNNING", 4, "the task's first instance runs"),
        Run("TASK_SUCCEED", EventLevel.Task, "SUCCEED", 5, "every instance of the task succeeded"),
        Run("TASK_FAILED", EventLevel.Task, "FAILED", 6, "the task ended and an instance failed, or it can never run"),
        Run("TASK_FAILED_INTERRUPTED", EventLevel.Task, "FAILED_INTERRUPTED", 7, "the task ended with an instance kept for inspection"),
        Run("TASK_INSTANCE_RUNNING", EventLevel.TaskInstance, "RUNNING", 8, "an attempt of the instance runs"),
        Run("TASK_INSTANCE_SUCCEED", EventLevel.TaskInstance, "SUCCEED", 9, "the instance's command ended with exit code 0"),
        Run("TASK_INSTANCE_FAILED", EventLevel.TaskInstance, "FAILED", 10, "the instance failed and no retry is left, or it was terminated"),
        Run("TASK_INSTANCE_FAILED_INTERRUPTED", EventLevel.TaskInstance, "FAILED_INTERRUPTED", 11, "the instance failed and is kept for inspection"),
        Env("COMPUTE_ENV_CREATED", EventLevel.ComputeEnv, "CREATED", 12, "the environment can take jobs"),
        Env("COMPUTE_ENV_DELETED", EventLevel.ComputeEnv, "DELETED", 13, "the environment and its nodes are gone"),
        Node("COMPUTE_NODE_CREATED", "CREATED", 14, "the node's machine exists"),
        Node("COMPUTE_NODE_CREATION_FAILED", "CREATION_FAILED", 15, "the node could not be made"),
        Node("COMPUTE_NODE_RUNNING", "RUNNING", 16, "the node's agent reported in"),
        Node("COMPUTE_NODE_ABNORMAL", "ABNORMAL", 17, "the node's lease ran out"),
        Node("COMPUTE_NODE_DELETING", "DELETING", 18, "the node is being removed"),
        Run("JOB_PRIORITY_CHANGED", EventLevel.Job, PriorityChanged, 19, "a user changed the job's priority; the same priority again is no event"),
        Run("TASK_INSTANCE_PROGRESS", EventLevel.TaskInstance, Progress, 20, "the instance's command posted a percentage or message"),
        Run("TASK_INSTANCE_CUSTOM_EVENT", EventLevel.TaskInstance, CustomEvent, 21, "the instance's command posted an event of its own"),
        Run("JOB_SUBMITTED", EventLevel.Job, "SUBMITTED", 22, "the job was accepted"),
        Run("TASK_BLOCKED", EventLevel.Task, Blocked, 23, "the task waits for other tasks, after a submit or retry; or it could run and for a while does not, once for each reason"),
        Run("JOB_OVERDUE", EventLevel.Job, Overdue, 24, "the job had not ended at its `deadline`; once"),
        Run("TASK_PROGRESS", EventLevel.Task, Progress, 25, "how far the task has come: at every `every_percent` percent of its instances that ended, and every `every_seconds` seconds while it runs; the last end is told by the task's own"),
        Run("TASK_INSTANCE_ATTEMPT_STARTED", EventLevel.TaskInstance, AttemptStarted, 26, "the command of an attempt began"),
        Run("TASK_INSTANCE_ATTEMPT_ENDED", EventLevel.TaskInstance, AttemptEnded, 27, "an attempt ended, also one that is followed by another"),
        Node("COMPUTE_NODE_DRAINING", Draining, 28, "the node takes no more work and goes when it has ended what it runs"),
        Node("COMPUTE_NODE_LOST", Lost, 29, "the node was given up: it is silent, or its agent started anew"),
        Node("COMPUTE_NODE_RECOVERED", Recovered, 30, "the agent of a node that was given up reported in again"),
        Subscription("SUBSCRIPTION_DISABLED", Disabled, 31, "a subscription of the topic was disabled: its endpoint is gone or failed for too long, or a user did it"),
        Subscription("SUBSCRIPTION_ENABLED", Enabled, 32, "a user enabled a subscription of the topic again"),
    ];

    internal static EventKind TaskBlocked { get; } = Named("TASK_BLOCKED");

    internal static EventKind AttemptBegin { get; } = Named("TASK_INSTANCE_ATTEMPT_STARTED");

    internal static EventKind AttemptEnd { get; } = Named("TASK_INSTANCE_ATTEMPT_ENDED");

    internal static EventKind TaskProgress { get; } = Named("TASK_PROGRESS");

    private static readonly FrozenDictionary<string, EventKind> ByKey =
        All.ToFrozenDictionary(kind => Spelling.Key(kind.Name), StringComparer.Ordinal);

    private static readonly FrozenDictionary<(EventLevel, string), EventKind> ByTransition =
        All.ToFrozenDictionary(kind => (kind.Level, kind.State));

    /// <summary>Finds an event by any of its spellings (case and underscores do not matter); null when there is none.</summary>
    public static EventKind? Find(string name) => ByKey.GetValueOrDefault(Spelling.Key(name));

    /// <summary>Finds an event of this catalogue or of <see cref="AlibabaEvents"/>; null when there is none.</summary>
    public static EventKind? FindAny(string name) => Find(name) ?? AlibabaEvents.Find(name);

    /// <summary>The event that announces the entry of <paramref name="level"/> into <paramref name="state"/>; null when that transition is not published.</summary>
    public static EventKind? Of(EventLevel level, string state) => ByTransition.GetValueOrDefault((level, state));

    /// <summary>The names closest to a misspelt one, nearest first; at most three, none that shares nothing with it.</summary>
    public static IReadOnlyList<string> Nearest(string name)
    {
        var key = Spelling.Key(name);
        return [.. All
            .Select(kind => (kind.Name, Distance: Spelling.Distance(key, Spelling.Key(kind.Name))))
            .Where(candidate => candidate.Distance <= Math.Max(3, key.Length / 2))
            .OrderBy(candidate => candidate.Distance)
            .ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
            .Take(3)
            .Select(candidate => candidate.Name)];
    }

    /// <summary>Wire name of a level, <c>task_instance</c>.</summary>
    public static string WireName(EventLevel level) => level switch
    {
        EventLevel.Job => "job",
        EventLevel.Task => "task",
        EventLevel.TaskInstance => "task_instance",
        EventLevel.ComputeEnv => "compute_env",
        EventLevel.ComputeNode => "compute_node",
        EventLevel.Subscription => "subscription",
    };

    /// <summary>The level of a wire name. Throws <see cref="ArgumentOutOfRangeException"/> for any other text.</summary>
    public static EventLevel ParseLevel(string wireName) => wireName switch
    {
        "job" => EventLevel.Job,
        "task" => EventLevel.Task,
        "task_instance" => EventLevel.TaskInstance,
        "compute_env" => EventLevel.ComputeEnv,
        "compute_node" => EventLevel.ComputeNode,
        "subscription" => EventLevel.Subscription,
        _ => throw new ArgumentOutOfRangeException(nameof(wireName), wireName, "Not a level of events."),
    };

    /// <summary>The state that the subject of a row is in; the row may tell of something that changes none.</summary>
    public static string StateBehind(OutboxRow row) => row.State switch
    {
        PriorityChanged or Overdue => Core.WireName.Of(row.Details?.JobState ?? RunState.Running),
        AttemptEnded => Core.WireName.Of(row.Details?.State ?? RunState.Running),
        Progress when row.Details?.State is { } state => Core.WireName.Of(state),
        Progress or CustomEvent or AttemptStarted or Recovered => Core.WireName.Of(RunState.Running),
        Blocked => Core.WireName.Of(row.Details?.State ?? RunState.Pending),
        Lost => Core.WireName.Of(NodeState.Abnormal),
        Draining => Core.WireName.Of(NodeState.Deleting),
        _ => row.State,
    };

    /// <summary>State as the last word of a routing key, <c>failed_interrupted</c>.</summary>
    public static string StateWord(string state) => state.ToLowerInvariant();

    private static EventKind Named(string name) => All.Single(kind => kind.Name == name);

    private static EventKind Run(string name, EventLevel level, string state, int number, string fires) =>
        new(name, level, state, EventScope.Job, number, fires);

    private static EventKind Env(string name, EventLevel level, string state, int number, string fires) =>
        new(name, level, state, EventScope.Environment, number, fires);

    private static EventKind Node(string name, string state, int number, string fires) =>
        new(name, EventLevel.ComputeNode, state, EventScope.Job | EventScope.Environment, number, fires);

    private static EventKind Subscription(string name, string state, int number, string fires) =>
        new(name, EventLevel.Subscription, state, EventScope.None, number, fires);
}
