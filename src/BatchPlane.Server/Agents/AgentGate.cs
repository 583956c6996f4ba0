using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Access;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;

namespace BatchPlane.Server.Agents;

/// <summary>
/// What every request of an agent passes: the node token must be the one of the node and epoch that the request names. That
/// needs no look at the database; whether the epoch is still the current one is decided where the request takes effect.
/// </summary>
internal sealed class AgentGate(InstallationKey installationKey)
{
    /// <summary>Reads a body of <typeparamref name="T"/>. Exactly one of body and refusal comes back.</summary>
    internal static async Task<(T? Body, IResult? Refusal)> ReadAsync<T>(HttpContext context)
        where T : class
    {
        try
        {
            var body = await JsonSerializer.DeserializeAsync<T>(context.Request.Body, BatchPlaneJson.Options, context.RequestAborted);
            return body is null ? (null, Malformed("The body is null.")) : (body, null);
        }
        catch (JsonException exception)
        {
            return (null, Malformed(exception.Message));
        }
    }

    /// <summary>Null when the request carries the token of this node and epoch.</summary>
    internal IResult? Refuse(HttpRequest request, string nodeId, long epoch) =>
        EntityId.IsWellFormed(EntityId.Node, nodeId)
        && BearerHeader.Read(request) is { } token
        && installationKey.VerifyNodeToken(token, nodeId, epoch)
            ? null
            : new ProblemResult(ProblemKind.Unauthenticated, "The request does not carry the token of this node and epoch.");

    /// <summary>The answer to an incarnation that is not the current one.</summary>
    internal static IResult Fenced(string nodeId, long epoch) =>
        new ProblemResult(ProblemKind.Fenced, FormattableString.Invariant($"Epoch {epoch} of {nodeId} has ended."));

    private static ProblemResult Malformed(string detail) => new(ProblemKind.MalformedJson, detail);
}
