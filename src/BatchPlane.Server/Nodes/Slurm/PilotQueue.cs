namespace BatchPlane.Server.Nodes.Slurm;

/// <summary>What one look at Slurm's queue saw of the pilots of an installation.</summary>
/// <param name="began">When the look began, by the database's clock: what was asked for later may be missing.</param>
/// <param name="pilots">All pilots that Slurm has.</param>
internal sealed class PilotQueue(DateTimeOffset began, IEnumerable<Pilot> pilots)
{
    private readonly Dictionary<string, (Pilot? Current, IReadOnlyList<Pilot> Surplus)> _byNode =
        pilots.GroupBy(pilot => pilot.Member.NodeId, StringComparer.Ordinal).ToDictionary(group => group.Key, Pilot.Choose, StringComparer.Ordinal);

    /// <summary>When the look began.</summary>
    internal DateTimeOffset Began => began;

    /// <summary>The pilot that counts for each node.</summary>
    internal IEnumerable<Pilot> Current => _byNode.Values.Select(choice => choice.Current!);

    /// <summary>Pilots beside those that count.</summary>
    internal IEnumerable<Pilot> Surplus => _byNode.Values.SelectMany(choice => choice.Surplus);

    /// <summary>The pilot of this node; null when Slurm has none.</summary>
    internal Pilot? Of(string nodeId) => _byNode.GetValueOrDefault(nodeId).Current;
}
