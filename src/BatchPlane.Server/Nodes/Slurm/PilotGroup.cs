using System.Globalization;
using System.Security.Cryptography;
using BatchPlane.Core;

namespace BatchPlane.Server.Nodes.Slurm;

/// <summary>A node for which a pilot is started, with its epoch at that time: what tells the pilots of a node apart.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="Epoch">Its epoch when the pilot was submitted.</param>
internal sealed record PilotMember(string NodeId, long Epoch);

/// <summary>
/// Pilots that are submitted together, as one array. Name and comment of the array say which installation and environment it belongs to and which node each of
/// its elements is for, in the order of their indexes. They are all that a pilot is known by: Slurm's ids may be lost, and given to somebody else.
/// </summary>
/// <remarks>
/// Name: <c>batchplane:INSTALLATION:ENV:GROUP</c>. Comment: the name, <c>=</c>, and <c>NODE:EPOCH</c> of each member, separated by commas. Slurm keeps 1,024 characters of a comment.
/// </remarks>
/// <param name="Installation">Mark of the installation.</param>
/// <param name="EnvId">The environment.</param>
/// <param name="Group">Random.</param>
/// <param name="Members">By array index; at least one.</param>
internal sealed record PilotGroup(string Installation, string EnvId, string Group, IReadOnlyList<PilotMember> Members)
{
    private const string Program = "batchplane";
    private const string GroupAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const int GroupLength = 8;

    /// <summary>The name of the array.</summary>
    internal string Name => string.Join(':', Program, Installation, EnvId, Group);

    /// <summary>The comment of the array.</summary>
    internal string Comment => $"{Name}={string.Join(',', Members.Select(member => string.Create(CultureInfo.InvariantCulture, $"{member.NodeId}:{member.Epoch}")))}";

    /// <summary>A group under a new random name.</summary>
    internal static PilotGroup New(string installation, string envId, IReadOnlyList<PilotMember> members) =>
        new(installation, envId, RandomNumberGenerator.GetString(GroupAlphabet, GroupLength), members);

    /// <summary>The group with this name and comment; null when they are not those of a group, or contradict each other.</summary>
    internal static PilotGroup? Parse(string name, string comment)
    {
        if (name.Split(':') is not [Program, var installation, var envId, var group]
            || !EntityId.IsWellFormed(EntityId.Environment, envId)
            || !comment.StartsWith(name + "=", StringComparison.Ordinal))
        {
            return null;
        }

        var members = comment[(name.Length + 1)..].Split(',').Select(ParseMember).ToList();
        return members.Contains(null) ? null : new(installation, envId, group, members!);
    }

    private static PilotMember? ParseMember(string text) =>
        text.Split(':') is [var nodeId, var epoch]
        && EntityId.IsWellFormed(EntityId.Node, nodeId)
        && long.TryParse(epoch, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new(nodeId, number)
            : null;
}
