using System.Text.Json;
using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Sessions;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Keeping;

/// <summary>
/// Who an agent was, left with the keeper for the next agent of the directory. The keeper's memory is the right place: without the keeper
/// there is nothing to go on with, and the node's token is on no disk.
/// </summary>
/// <param name="Node">What the server said at the join.</param>
/// <param name="ServerUrl">The server.</param>
/// <param name="NodeId">The node it was started for.</param>
/// <param name="Env">The environment it was started for.</param>
/// <param name="Size">What it promised.</param>
internal sealed record LastSession(JoinResponse Node, Uri ServerUrl, string? NodeId, string? Env, ResourceAmounts Size)
{
    internal static LastSession Of(AgentOptions options, JoinResponse node) => new(node, options.ServerUrl, options.NodeId, options.Env, options.Size);

    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, BatchPlaneJson.Options);

    /// <summary>
    /// What an agent with these options can go on with; null: nothing. Not with what its predecessor was just killing because it left or was given up:
    /// the server may count that as running still.
    /// </summary>
    internal static LastSession? From(KeeperGreeting greeting, AgentOptions options)
    {
        if (greeting.Session.Length == 0 || greeting.Held.Any(attempt => attempt.Kill is KillCause.Stopped or KillCause.Abandoned))
        {
            return null;
        }

        var last = JsonSerializer.Deserialize<LastSession>(greeting.Session, BatchPlaneJson.Options)!;
        return last == Of(options, last.Node) ? last : null;
    }
}

/// <summary>An attempt that an agent takes over from its predecessor.</summary>
/// <param name="Held">What the keeper tells of it.</param>
/// <param name="Claim">Its grant.</param>
/// <param name="Paths">Its files.</param>
/// <param name="Execution">How to go on with it.</param>
internal sealed record AdoptedAttempt(HeldAttempt Held, ClaimGrant Claim, AttemptPaths Paths, IExecution Execution)
{
    /// <summary>As it was started.</summary>
    internal Launch Launch => new(Claim, Held.Key.Index, Held.Key.Number, Paths);

    internal static IReadOnlyList<AdoptedAttempt> AllOf(KeeperClient keeper) =>
        [.. keeper.Greeting.Held.Select(held => (Held: held, Note: AttemptNote.Read(held.Note)))
            .Select(found => new AdoptedAttempt(found.Held, found.Note.Claim, found.Note.Paths, keeper.Adopt(found.Held.Key)))];
}
