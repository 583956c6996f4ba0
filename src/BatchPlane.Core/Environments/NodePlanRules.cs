namespace BatchPlane.Core.Environments;

/// <summary>The limits that <see cref="NodePlan"/> decides by; from the server's options.</summary>
public sealed record NodePlanRules
{
    /// <summary>Time that a new node has to report in.</summary>
    public required TimeSpan CreationTime { get; init; }

    /// <summary>Times the agent of a new node is started before the node counts as failed.</summary>
    public required int MaxStarts { get; init; }

    /// <summary>Longest pause before something that keeps failing is tried again; the pause doubles from a second.</summary>
    public required TimeSpan MaxPause { get; init; }

    /// <summary>Time that a lost node has to come back before it is replaced.</summary>
    public required TimeSpan ReturnTime { get; init; }

    /// <summary>Time that a node has to run before what failed earlier is forgotten.</summary>
    public required TimeSpan SettleTime { get; init; }

    /// <summary>The pause after so many failures, one after the other.</summary>
    public TimeSpan Pause(int failures)
    {
        if (failures == 0)
        {
            return TimeSpan.Zero;
        }

        var doubled = TimeSpan.FromSeconds(1L << Math.Min(failures - 1, 20));
        return doubled < MaxPause ? doubled : MaxPause;
    }
}
