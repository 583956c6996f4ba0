using BatchPlane.Core.Access;

namespace BatchPlane.Server.Api.Authentication;

/// <summary>
/// What lets an agent join. From the configuration; without one, a random token of this process, which lets the agents that the
/// server starts itself join and nobody else.
/// </summary>
internal sealed class JoinToken(string? configured)
{
    /// <summary>The token, for agents that the server starts; never logged.</summary>
    internal string Value { get; } = configured ?? AccessSecrets.NewSecretKey();

    /// <summary>True when the request carries the token as bearer.</summary>
    internal bool IsCarriedBy(HttpRequest request) => BearerHeader.Read(request) is { } given && AccessSecrets.AreEqual(given, Value);
}
