using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using BatchPlane.Core.Environments;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Nodes.Slurm;

/// <summary>What the pilots of this installation are made of, and the ways to have them made, seen and ended.</summary>
internal sealed class SlurmPilots(SlurmClient client, InstallationKey installationKey, IServer server, IOptions<SlurmOptions> options, IOptions<NodeOptions> nodes)
{
    /// <summary>Variable with the agent's token. In the environment, which only the job's user and Slurm see; never in the script or a command line.</summary>
    internal const string TokenVariable = "BATCHPLANE_JOIN_TOKEN";

    private const string Mask = "********";

    /// <summary>A node that does not exist, for scripts that are only looked at.</summary>
    private static readonly PilotMember Sample = new("node-00000000", 0);

    /// <summary>Why environments cannot have this provider on this server; null: they can.</summary>
    internal string? WhyUnusable => options.Value.Enabled ? null : "This server is not configured for Slurm: Slurm.Enabled in docs/configuration.md.";

    /// <summary>A group of pilots for these nodes under a new name.</summary>
    internal PilotGroup Group(string envId, IReadOnlyList<PilotMember> members) => PilotGroup.New(installationKey.Mark, envId, members);

    /// <summary>Submits a group.</summary>
    internal Task<SlurmAnswer> SubmitAsync(PilotGroup group, SlurmDocument settings, int? slots, CancellationToken cancellationToken) => client.SubmitAsync(
        PilotScript.Render(group, Plan(settings, slots)),
        new Dictionary<string, string> { [TokenVariable] = installationKey.PilotToken(group.EnvId) },
        testOnly: false,
        cancellationToken);

    /// <summary>Asks Slurm whether it would take a pilot with these settings; nothing is submitted.</summary>
    internal Task<SlurmAnswer> TestAsync(SlurmDocument settings, int? slots, CancellationToken cancellationToken) =>
        client.SubmitAsync(PilotScript.Render(Group(Core.EntityId.New(Core.EntityId.Environment), [Sample]), Plan(settings, slots)), new Dictionary<string, string>(), testOnly: true, cancellationToken);

    /// <summary>What would be submitted for these nodes, for one that does not exist when there are none; secrets are masked.</summary>
    internal PilotView Show(string envId, IReadOnlyList<PilotMember> members, SlurmDocument settings, int? slots)
    {
        var variables = client.Variables();
        variables[TokenVariable] = Mask;
        return new(SlurmClient.SubmitCommand, variables, PilotScript.Render(Group(envId, members.Count > 0 ? members : [Sample]), Plan(settings, slots)));
    }

    /// <summary>All pilots of this installation; null with the reason when Slurm cannot be asked, from which nothing follows.</summary>
    internal async Task<(IReadOnlyList<Pilot>? Pilots, string Trouble)> LookAsync(CancellationToken cancellationToken) => await client.ListAsync(cancellationToken) switch
    {
        SlurmAnswer.Done { Output: var output } => ([.. Pilot.Parse(output).Where(pilot => pilot.Group.Installation == installationKey.Mark)], ""),
        SlurmAnswer.Refused { Words: var words } => (null, words),
        SlurmAnswer.Unreachable { Words: var words } => (null, words),
        var other => throw new InvalidOperationException($"Unknown answer {other}."),
    };

    /// <summary>Ends pilots; those whose array has another name by now are left alone. The trouble there was, null when there was none; whatever is left is seen by the next look.</summary>
    internal async Task<string?> CancelAsync(IEnumerable<Pilot> pilots, CancellationToken cancellationToken)
    {
        string? trouble = null;
        foreach (var group in pilots.GroupBy(pilot => pilot.Group.Name, StringComparer.Ordinal))
        {
            trouble = await client.CancelAsync(group.Key, group.Select(pilot => pilot.JobId), cancellationToken) switch
            {
                SlurmAnswer.Refused { Words: var words } => words,
                SlurmAnswer.Unreachable { Words: var words } => words,
                _ => trouble,
            };
        }

        return trouble;
    }

    private PilotPlan Plan(SlurmDocument settings, int? slots) => new(
        settings,
        slots ?? Math.Min(settings.Cpus, EnvironmentDocumentReader.MaxSlotsPerNode),
        options.Value.AgentProgram ?? Environment.ProcessPath!,
        nodes.Value.AdvertisedUrl ?? ServerAddress.Own(server),
        options.Value.GiveUpSeconds);
}
