namespace BatchPlane.Contracts;

/// <summary>Body of <c>POST /v1/environments/{id}/join-tokens</c>; may be left out.</summary>
public sealed record CreateJoinTokenRequest
{
    /// <summary>Seconds that the token lets machines join, 60 to 31,536,000. Default 86,400. Nodes that joined stay.</summary>
    public int TtlSeconds { get; init; } = 86_400;

    /// <summary>Text for people, at most 200 characters.</summary>
    public string Description { get; init; } = "";
}

/// <summary>Answer of <c>POST /v1/environments/{id}/join-tokens</c> (201).</summary>
/// <param name="TokenId"><c>jtok-</c> and 8 of <c>[a-z0-9]</c>: what revokes it.</param>
/// <param name="Token">The token. It is shown once; only its hash is stored.</param>
/// <param name="EnvId">The one environment that it lets machines join.</param>
/// <param name="ExpiresAt">Until when.</param>
public sealed record CreateJoinTokenResponse(string TokenId, string Token, string EnvId, DateTimeOffset ExpiresAt);

/// <summary>A token that lets machines join an environment, without the token itself.</summary>
public sealed record JoinTokenView
{
    /// <summary>Its id.</summary>
    public required string TokenId { get; init; }

    /// <summary>As given.</summary>
    public string Description { get; init; } = "";

    /// <summary>Who made it.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Until when it lets machines join.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}
