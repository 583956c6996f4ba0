using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Topics;

namespace BatchPlane.Core.Messages;

/// <summary>What a message needs to know of the job, environment or subscription beyond the journal row.</summary>
public sealed record SubjectContext
{
    private Dictionary<(int Block, int Kind), IReadOnlyList<EventVarDocument>>? _vars;

    /// <summary>Id of the job, environment or subscription.</summary>
    public required string SubjectId { get; init; }

    /// <summary>Name of the job or environment; of a subscription its id.</summary>
    public required string Name { get; init; }

    /// <summary>Priority of the job; 0 for an environment.</summary>
    public int Priority { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>W3C trace context of the request that made it; null when there was none.</summary>
    public string? Traceparent { get; init; }

    /// <summary>Labels (<c>tags</c>) of the job or environment.</summary>
    public IReadOnlyList<TagDocument> Labels { get; init; } = [];

    /// <summary>The region that the request which made it named; null: none, so it is that of the installation.</summary>
    public string? Region { get; init; }

    /// <summary>Names of the job's tasks by <c>task_no</c>.</summary>
    public IReadOnlyDictionary<int, string> TaskNames { get; init; } = new Dictionary<int, string>();

    /// <summary>Where outputs are redirected to, of the job's tasks that redirect them.</summary>
    public IReadOnlyDictionary<int, RedirectInfoDocument> Redirects { get; init; } = new Dictionary<int, RedirectInfoDocument>();

    /// <summary>The notifications as stored; their topics by the spelling of the topic that exists.</summary>
    public required IReadOnlyList<NotificationDocument> Notifications { get; init; }

    /// <summary>Topics of the notifications that do not exist.</summary>
    public IReadOnlySet<string> MissingTopics { get; init; } = new HashSet<string>();

    /// <summary>Longest bodies, in bytes, of topics that have a limit of their own, by <see cref="TopicKey"/>.</summary>
    internal IReadOnlyDictionary<string, int> TopicLimits { get; init; } = new Dictionary<string, int>();

    /// <summary>Longest body, in bytes, that a topic takes, in any spelling; <see cref="int.MaxValue"/> when it has no limit of its own.</summary>
    public int LimitOf(string topicName) => TopicLimits.GetValueOrDefault(TopicKey.Of(topicName), int.MaxValue);

    /// <summary>Name of a task; empty when it is not known.</summary>
    public string TaskName(int? taskNo) => taskNo is { } number ? TaskNames.GetValueOrDefault(number, "") : "";

    /// <summary>The object or file into which an instance's output is redirected; empty when it is not.</summary>
    /// <param name="taskNo">Its task.</param>
    /// <param name="stream"><c>stdout</c> or <c>stderr</c>.</param>
    /// <param name="index">The instance.</param>
    public string StreamPath(int? taskNo, string stream, int index)
    {
        if (taskNo is not { } number || !Redirects.TryGetValue(number, out var redirect))
        {
            return "";
        }

        var (directory, name) = stream == "stdout"
            ? (redirect.StdoutRedirectPath, redirect.StdoutRedirectFileName)
            : (redirect.StderrRedirectPath, redirect.StderrRedirectFileName);
        return directory is null ? "" : directory + RedirectFileName.Of(name, stream, SubjectId, TaskName(taskNo), index);
    }

    /// <summary>The variables that block <paramref name="block"/> asked for with this event; null when the block does not list it.</summary>
    public IReadOnlyList<EventVarDocument>? VarsOf(int block, EventKind kind)
    {
        // Asked for every message: names are compared once for each subject, not each time.
        _vars ??= Notifications
            .SelectMany((notification, number) => notification.EventConfigs.Select(config => (number, config)))
            .Select(asked => (asked.number, kind: EventCatalogue.FindAny(asked.config.EventName)?.Number, asked.config.EventVars))
            .Where(asked => asked.kind is not null)
            .DistinctBy(asked => (asked.number, asked.kind))
            .ToDictionary(asked => (asked.number, asked.kind!.Value), asked => asked.EventVars);
        return _vars.GetValueOrDefault((block, kind.Number));
    }
}

/// <summary>What a message needs to know of a node.</summary>
/// <param name="EnvId">Its environment.</param>
/// <param name="EnvName">Name of it.</param>
/// <param name="InstanceId">Id of the machine behind the node.</param>
/// <param name="Cpu">Processors; 0 while unknown.</param>
/// <param name="MemoryGib">Memory in GiB; 0 while unknown.</param>
/// <param name="ResourceCreatedAt">When the machine was made; null while it was not.</param>
public sealed record NodeFacts(
    string EnvId,
    string EnvName,
    string InstanceId,
    int Cpu,
    int MemoryGib,
    DateTimeOffset? ResourceCreatedAt);

/// <summary>Contexts of the rows of one page.</summary>
/// <param name="Subjects">Jobs, environments and subscriptions by id; a job or environment that was deleted is absent.</param>
/// <param name="Nodes">Nodes by id.</param>
public sealed record MessageContexts(
    IReadOnlyDictionary<string, SubjectContext> Subjects,
    IReadOnlyDictionary<string, NodeFacts> Nodes)
{
    /// <summary>The subject of a row; null when it was deleted.</summary>
    public SubjectContext? SubjectOf(OutboxRow row) => Subjects.GetValueOrDefault(row.SubjectId);

    /// <summary>The node of a row; null when it has none or it is not known.</summary>
    public NodeFacts? NodeOf(OutboxRow row) => row.NodeId is { } nodeId ? Nodes.GetValueOrDefault(nodeId) : null;
}
