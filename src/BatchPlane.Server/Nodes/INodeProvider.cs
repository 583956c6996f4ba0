using BatchPlane.Contracts;
using BatchPlane.Core.Environments;

namespace BatchPlane.Server.Nodes;

/// <summary>What became of the start of a node's machine.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="Failure">Why it was not started, for people; null: it was.</param>
internal sealed record StartOutcome(string NodeId, string? Failure);

/// <summary>
/// Makes and ends the machines of nodes. <see cref="Loops.EnvironmentReconciler"/> decides; a provider looks and acts, never under an environment's lock. Everything
/// here is safe to repeat, and to be done by several servers at once as far as they look after the same nodes.
/// </summary>
internal interface INodeProvider
{
    /// <summary>Which environments are its own.</summary>
    NodeProvider Kind { get; }

    /// <summary>Marks the nodes that this server looks after; null: any server looks after any of them.</summary>
    string? Host { get; }

    /// <summary>What a node of this environment is made of, as far as it is known before there is one.</summary>
    MachineFacts Facts(EnvironmentRecord environment);

    /// <summary>Looks at the machines of these nodes, and at what is left of others.</summary>
    Task<MachineViews> LookAsync(string envId, IReadOnlyList<string> nodeIds, CancellationToken cancellationToken);

    /// <summary>Starts the machines of these nodes, a group at once; those that are there already count as started.</summary>
    Task<IReadOnlyList<StartOutcome>> StartAsync(string envId, IReadOnlyList<string> nodeIds, MachineFacts facts, CancellationToken cancellationToken);

    /// <summary>Ends the machines of these nodes at once.</summary>
    Task StopAsync(IReadOnlyList<string> nodeIds, CancellationToken cancellationToken);

    /// <summary>Removes what is left of nodes that are gone.</summary>
    Task ForgetAsync(IReadOnlyList<string> nodeIds, CancellationToken cancellationToken);
}
