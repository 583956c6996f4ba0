using System.ComponentModel.DataAnnotations;
using BatchPlane.Contracts;
using BatchPlane.Core.Environments;

namespace BatchPlane.Server.Nodes;

/// <summary>How nodes are kept and watched. Options section <c>Nodes</c>.</summary>
public sealed class NodeOptions : IValidatableObject
{
    /// <summary>Seconds without a heartbeat after which a node is given up. 2 to 3,600; default 20.</summary>
    [Range(2, 3_600)]
    public int LeaseSeconds { get; set; } = 20;

    /// <summary>Seconds between heartbeats; well below the lease. 1 to 600; default 5.</summary>
    [Range(1, 600)]
    public int HeartbeatSeconds { get; set; } = 5;

    /// <summary>Seconds between SIGTERM and SIGKILL when an attempt is ended. 0 to 3,600; default 10.</summary>
    [Range(0, 3_600)]
    public int KillGraceSeconds { get; set; } = 10;

    /// <summary>Seconds between looks for nodes whose lease ran out. 0.1 to 60; default 1.</summary>
    [Range(0.1, 60)]
    public double MonitorSeconds { get; set; } = 1;

    /// <summary>Seconds between looks for attempts of incarnations that are gone, besides the look after each loss. 1 to 3,600; default 10.</summary>
    [Range(1, 3_600)]
    public double OrphanSeconds { get; set; } = 10;

    /// <summary>Attempts taken from gone nodes in one pass. 1 to 100,000; default 5,000.</summary>
    [Range(1, 100_000)]
    public int OrphanLimit { get; set; } = 5_000;

    /// <summary>Seconds between passes that bring the nodes of an environment to the desired count. 0.1 to 60; default 1.</summary>
    [Range(0.1, 60)]
    public double ReconcileSeconds { get; set; } = 1;

    /// <summary>Seconds that a new node has to report in. 5 to 3,600; default 60.</summary>
    [Range(5, 3_600)]
    public int CreationSeconds { get; set; } = 60;

    /// <summary>Times the agent of a new node is started before the node counts as failed. 1 to 100; default 5.</summary>
    [Range(1, 100)]
    public int MaxStarts { get; set; } = 5;

    /// <summary>Longest pause in seconds before a node that keeps failing is started again; the pause doubles from 1. 1 to 3,600; default 60.</summary>
    [Range(1, 3_600)]
    public int MaxRestartPauseSeconds { get; set; } = 60;

    /// <summary>Seconds that a lost node has to come back before it is replaced, where the environment says RECREATE. 5 to 86,400; default 300.</summary>
    [Range(5, 86_400)]
    public int ReturnSeconds { get; set; } = 300;

    /// <summary>Seconds that a node has to run before its earlier failures are forgotten; lost sooner, it counts as failed. 1 to 86,400; default 60.</summary>
    [Range(1, 86_400)]
    public int SettleSeconds { get; set; } = 60;

    /// <summary>Seconds without a server after which the local nodes of a host are given up, those apart that still live. 10 to 86,400; default 300.</summary>
    [Range(10, 86_400)]
    public int HostLostSeconds { get; set; } = 300;

    /// <summary>Tasks with claimable instances that are looked at, the most urgent first, when the number of nodes follows the work. 1 to 100,000; default 1,000.</summary>
    [Range(1, 100_000)]
    public int BacklogTasks { get; set; } = 1_000;

    /// <summary>Days that activities of environments are kept after their end. 1 to 3,650; default 30.</summary>
    [Range(1, 3_650)]
    public int ActivityRetentionDays { get; set; } = 30;

    /// <summary>Activities forgotten in one transaction. 1 to 100,000; default 5,000.</summary>
    [Range(1, 100_000)]
    public int ActivityPruneLimit { get; set; } = 5_000;

    /// <summary>Program of the agents that the local provider starts; null: this program.</summary>
    public string? AgentProgram { get; set; }

    /// <summary>URL at which agents on other hosts find a server of the role <c>api</c>, <c>http://host:8080</c>; null: this server's own address.</summary>
    public string? AdvertisedUrl { get; set; }
    /// <summary>Further arguments of the agents that the local provider starts, quoted as in a shell: <c>--container-engine podman</c>. Default: none.</summary>
    public string AgentArguments { get; set; } = "";

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (ShellWords.Split(AgentArguments, out var problem) is null)
        {
            yield return new($"{nameof(AgentArguments)}: {problem}.", [nameof(AgentArguments)]);
        }
    }

    /// <summary>The lease as a span.</summary>
    internal TimeSpan Lease => TimeSpan.FromSeconds(LeaseSeconds);

    /// <summary>The limits that decisions about nodes are made by.</summary>
    internal NodePlanRules ToRules() => new()
    {
        CreationTime = TimeSpan.FromSeconds(CreationSeconds),
        MaxStarts = MaxStarts,
        MaxPause = TimeSpan.FromSeconds(MaxRestartPauseSeconds),
        ReturnTime = TimeSpan.FromSeconds(ReturnSeconds),
        SettleTime = TimeSpan.FromSeconds(SettleSeconds),
    };
}
