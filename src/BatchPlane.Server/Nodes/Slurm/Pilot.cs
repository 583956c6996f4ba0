using System.Globalization;

namespace BatchPlane.Server.Nodes.Slurm;

/// <summary>How far a pilot is.</summary>
internal enum PilotPhase
{
    /// <summary>Waits for its turn.</summary>
    Queued,

    /// <summary>Has its allocation: its agent runs, or is about to.</summary>
    Running,

    /// <summary>Slurm is ending it; its processes may still be there.</summary>
    Ending,
}

/// <summary>An element of an array in Slurm's queue that is a pilot.</summary>
/// <param name="Group">What name and comment say.</param>
/// <param name="Index">Its index in the array.</param>
/// <param name="JobId">Slurm's id as <c>ARRAY_INDEX</c>: good for this moment only.</param>
/// <param name="Phase">How far it is.</param>
/// <param name="Reason">Why it waits, in Slurm's words; <c>None</c> when it does not.</param>
/// <param name="HostName">Machine it runs on; empty while it has none.</param>
internal sealed record Pilot(PilotGroup Group, int Index, string JobId, PilotPhase Phase, string Reason, string HostName)
{
    private const char Separator = '\x1f';
    private const int Fields = 7;

    /// <summary>States of a job that has not ended. Named, since <c>squeue</c> leaves some of them out by itself.</summary>
    internal const string LiveStates = "PENDING,CONFIGURING,RUNNING,SUSPENDED,STOPPED,RESIZING,SIGNALING,STAGE_OUT,COMPLETING,REQUEUED,REQUEUE_HOLD,REQUEUE_FED,SPECIAL_EXIT";

    /// <summary>Format of <c>squeue</c> that <see cref="Parse"/> reads: array, index, state, reason, machine, name, comment.</summary>
    internal static string Format => string.Join(Separator, "%F", "%K", "%T", "%r", "%N", "%j", "%k");

    /// <summary>The node it is for, and the node's epoch when it was submitted.</summary>
    internal PilotMember Member => Group.Members[Index];

    /// <summary>The pilots among the lines of <c>squeue</c>. Whatever is no pilot is left out.</summary>
    internal static IReadOnlyList<Pilot> Parse(string output) =>
        [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ParseLine).OfType<Pilot>()];

    /// <summary>
    /// The one pilot of a node that counts, and those that are too many. The latest epoch counts; of the same, the one that got farthest without being on its way out,
    /// then the one first submitted. Too many is what the answer to a submission that got lost leaves behind; those that Slurm ends already are left to it.
    /// </summary>
    internal static (Pilot? Current, IReadOnlyList<Pilot> Surplus) Choose(IEnumerable<Pilot> ofOneNode)
    {
        var ordered = ofOneNode
            .OrderByDescending(pilot => pilot.Member.Epoch)
            .ThenBy(pilot => pilot.Phase switch { PilotPhase.Running => 0, PilotPhase.Queued => 1, PilotPhase.Ending => 2, _ => 3 })
            .ThenBy(pilot => pilot.JobId.Length).ThenBy(pilot => pilot.JobId, StringComparer.Ordinal)
            .ToList();
        return (ordered.FirstOrDefault(), [.. ordered.Skip(1).Where(pilot => pilot.Phase != PilotPhase.Ending)]);
    }

    private static Pilot? ParseLine(string line)
    {
        if (line.Split(Separator, Fields) is not [var array, var indexText, var state, var reason, var host, var name, var comment]
            || !int.TryParse(indexText, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            || PilotGroup.Parse(name, comment) is not { } group
            || index >= group.Members.Count)
        {
            return null;
        }

        var phase = state switch
        {
            "PENDING" or "CONFIGURING" or "REQUEUED" or "REQUEUE_HOLD" or "REQUEUE_FED" or "SPECIAL_EXIT" => PilotPhase.Queued,
            "COMPLETING" or "STAGE_OUT" => PilotPhase.Ending,
            _ => PilotPhase.Running,
        };
        return new(group, index, string.Create(CultureInfo.InvariantCulture, $"{array}_{index}"), phase, reason, host);
    }
}
