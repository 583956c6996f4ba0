namespace BatchPlane.Agent.Protocol;

/// <summary>What became of a request to the server.</summary>
internal enum AnswerKind
{
    /// <summary>Done; there is a body.</summary>
    Ok,

    /// <summary>The node was given up: this epoch is over.</summary>
    Fenced,

    /// <summary>The server itself (not something in between) does not know the node, its token or what is asked for: 401, 403, 404, 410.</summary>
    Unknown,

    /// <summary>Any other 4xx: repeating the same request will not help.</summary>
    Refused,

    /// <summary>The server works, but cannot store outputs now.</summary>
    NoStorage,

    /// <summary>No answer, any other 5xx, or one that asks to come back later.</summary>
    Unavailable,
}

/// <summary>Answer of the server, or why there is none.</summary>
/// <param name="Kind">What became of the request.</param>
/// <param name="Body">With <see cref="AnswerKind.Ok"/>.</param>
/// <param name="Detail">For people: status and what the server said, or the network's error. Empty with <see cref="AnswerKind.Ok"/>.</param>
internal readonly record struct Answer<T>(AnswerKind Kind, T? Body, string Detail)
    where T : class;

/// <summary>Body of an answer that has none.</summary>
internal sealed record Nothing
{
    internal static Nothing Instance { get; } = new();
}
