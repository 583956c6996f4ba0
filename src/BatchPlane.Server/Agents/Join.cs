using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Access;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.Nodes;
using BatchPlane.Server.Outputs;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Agents;

/// <summary>An agent joins: the node it was started for, or a machine that somebody attaches. A new epoch begins.</summary>
internal static class Join
{
    private const int MaxDirectoryLength = 4_096;

    internal static async Task<IResult> HandleAsync(
        HttpContext context,
        JoinToken joinToken,
        InstallationKey installationKey,
        JoinTokenStore joinTokens,
        EnvironmentStore environments,
        NodeLossSignal losses,
        IOptions<NodeOptions> nodes,
        IOptions<OutputOptions> outputs,
        IOptions<ProgressLimits> progress)
    {
        var mayJoinAnywhere = joinToken.IsCarriedBy(context.Request);
        if (!mayJoinAnywhere && BearerHeader.Read(context.Request) is null)
        {
            return NoToken();
        }

        var (request, refusal) = await AgentGate.ReadAsync<JoinRequest>(context);
        if (request is null)
        {
            return refusal!;
        }

        if (request.Slots < 1 || request.Cpu < 1 || request.Mem < 1 || request.MemoryMib < 0 || request.HostName.Length == 0)
        {
            return new ProblemResult(ProblemKind.BadRequest, "slots, cpu and mem are at least 1, memory_mib is at least 0, host_name is not empty.");
        }

        if (request.JoinId is { Length: 0 or > JoinRequest.MaxJoinIdLength })
        {
            return new ProblemResult(ProblemKind.BadRequest, $"join_id has 1 to {JoinRequest.MaxJoinIdLength} characters.");
        }

        // Of a machine that comes with the token of an environment and names none, that environment is meant.
        var ofToken = mayJoinAnywhere ? null : await joinTokens.FindEnvironmentAsync(BearerHeader.Read(context.Request)!, context.RequestAborted);
        var envId = request.NodeId is { } nodeId
            ? (await environments.FindHolderAsync(nodeId, context.RequestAborted))?.EnvId
            : await environments.FindAsync(request.Env ?? ofToken, context.RequestAborted);
        var mayJoinHere = mayJoinAnywhere || (envId is not null && envId == ofToken) || IsPilot(context.Request, installationKey, request, envId);
        if (!mayJoinHere)
        {
            return NoToken();
        }

        if (envId is null)
        {
            return request.NodeId is null
                ? new ProblemResult(ProblemKind.EnvironmentNotFound, $"There is no environment '{request.Env ?? "(default)"}'.")
                : new ProblemResult(ProblemKind.NodeNotFound, $"There is no node '{request.NodeId}'.");
        }

        var joined = await environments.ChangeAsync(envId, environment => Decide(environment, request, nodes.Value, onlyAttached: ofToken is not null, AddressOf(context)), context.RequestAborted);
        if (joined?.Node is not { } node)
        {
            return new ProblemResult(ProblemKind.NodeNotFound, "The node or its environment is being deleted.");
        }

        // Whatever an earlier incarnation held is looked for at once.
        losses.Set();
        return Results.Json(
            new JoinResponse
            {
                NodeId = node.NodeId,
                EnvId = envId,
                Epoch = node.Epoch,
                NodeToken = installationKey.NodeToken(node.NodeId, node.Epoch),
                LeaseSeconds = nodes.Value.LeaseSeconds,
                HeartbeatSeconds = nodes.Value.HeartbeatSeconds,
                KillGraceSeconds = nodes.Value.KillGraceSeconds,
                MaxOutputBytes = outputs.Value.MaxBytes,
                MaxPieceBytes = outputs.Value.MaxPieceBytes,
                Progress = progress.Value.ToTerms(),
            },
            BatchPlaneJson.Options);
    }

    /// <summary>As people write it: an IPv4 address is none of IPv6.</summary>
    private static string? AddressOf(HttpContext context) =>
        context.Connection.RemoteIpAddress is not { } address ? null : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();

    private static ProblemResult NoToken() => new(ProblemKind.Unauthenticated, "The request carries no token that lets it join here.");

    /// <summary>True for a request with the token of the pilots of the node's environment: it may be a node that was made for it, and no other.</summary>
    private static bool IsPilot(HttpRequest request, InstallationKey installationKey, JoinRequest join, string? envId) =>
        join.NodeId is not null && envId is not null && BearerHeader.Read(request) is { } token && installationKey.VerifyPilotToken(token, envId);

    /// <summary>What becomes of the request in the transaction of the environment.</summary>
    /// <param name="environment">The environment, locked.</param>
    /// <param name="request">The request.</param>
    /// <param name="options">The lease.</param>
    /// <param name="onlyAttached">True when it may not be a node that the provider made.</param>
    /// <param name="address">Where the request came from; null: not known.</param>
    internal static Joined Decide(EnvironmentAggregate environment, JoinRequest request, NodeOptions options, bool onlyAttached = false, string? address = null)
    {
        var facts = new MachineFacts(request.HostName, request.Cpu, request.Mem, request.Slots);
        facts = facts with
        {
            ContainerEngine = request.ContainerEngine,
            WorkDirectory = request.Directory is { Length: <= MaxDirectoryLength } directory ? directory : null,
            Limits = request.Limits,
            Address = address,
        };
        facts = request.MemoryMib is { } memory ? facts with { MemoryMib = memory } : facts;
        if (request.NodeId is not null)
        {
            return environment.Find(request.NodeId) is { } known && (known.IsAttached || !onlyAttached) && environment.Join(known, facts, request.AgentVersion, options.Lease, request.JoinId)
                ? new(known)
                : new(null);
        }

        if (environment.AttachedBy(request.JoinId) is { } attached)
        {
            return new(environment.Join(attached, facts, request.AgentVersion, options.Lease, request.JoinId) ? attached : null);
        }

        if (environment.Environment.State != EnvironmentState.Created)
        {
            return new(null);
        }

        var node = environment.Attach(EntityId.New(EntityId.Node), EntityId.New(EntityId.Instance), facts);
        environment.Join(node, facts, request.AgentVersion, options.Lease, request.JoinId);
        return new(node);
    }

    /// <summary>The node with its new epoch; null: it takes no agent.</summary>
    internal sealed record Joined(NodeRecord? Node);
}
