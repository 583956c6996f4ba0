using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Messages;

/// <summary>All that a message says, whatever its format.</summary>
/// <param name="Kind">The event, as it was asked for.</param>
/// <param name="Event">Where it comes from: the row of the journal, id and sequence.</param>
/// <param name="Subject">The job, environment or subscription.</param>
/// <param name="Node">The node concerned; null when there is none or it is not known.</param>
/// <param name="Vars">Variables that were asked for with the event.</param>
public readonly record struct Message(
    EventKind Kind,
    JournalEvent Event,
    SubjectContext Subject,
    NodeFacts? Node,
    IReadOnlyList<EventVarDocument> Vars)
{
    /// <summary>What it is about within BatchPlane, for CloudEvents: <c>job-…/t1/3</c>, <c>env-…/node-…</c>.</summary>
    public string Path => Event.Row.Level switch
    {
        EventLevel.Job or EventLevel.ComputeEnv or EventLevel.Subscription => Event.Row.SubjectId,
        EventLevel.Task => $"{Event.Row.SubjectId}/{Subject.TaskName(Event.Row.TaskNo)}",
        EventLevel.TaskInstance => $"{Event.Row.SubjectId}/{Subject.TaskName(Event.Row.TaskNo)}/{Event.InstanceIndex}",
        EventLevel.ComputeNode => $"{Event.Row.SubjectId}/{Event.Row.NodeId}",
    };
}
