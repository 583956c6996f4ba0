using BatchPlane.Core.Access;

namespace BatchPlane.Server.Api.Authentication;

/// <summary>What lets an agent join: configured, or made from the installation key, which lets the agents that the servers start themselves join and nobody else.</summary>
internal sealed class JoinToken(string token)
{
    /// <summary>The token, for agents that the server starts; never logged.</summary>
    internal string Value { get; } = token;

    /// <summary>True when the request carries the token as bearer.</summary>
    internal bool IsCarriedBy(HttpRequest request) => BearerHeader.Read(request) is { } given && AccessSecrets.AreEqual(given, Value);
}
