namespace BatchPlane.Contracts;

/// <summary>Body of every 4xx and 5xx answer: RFC 9457 problem details (<c>application/problem+json</c>) with a stable code.</summary>
public sealed record Problem
{
    /// <summary>URI of the kind of problem, <c>urn:batchplane:problem:&lt;code&gt;</c>.</summary>
    public required string Type { get; init; }

    /// <summary>One line for people.</summary>
    public required string Title { get; init; }

    /// <summary>HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>Stable code, <c>lower_snake</c>; see docs/http-status-codes.md.</summary>
    public required string Code { get; init; }

    /// <summary>What to do, or what stood in the way.</summary>
    public string? Detail { get; init; }

    /// <summary>Every problem found in the request; empty when it is not about the request's content.</summary>
    public IReadOnlyList<ProblemItem> Errors { get; init; } = [];

    /// <summary>Of <c>events_gone</c>: the oldest cursor from which nothing is missing; null for others.</summary>
    public string? OldestCursor { get; init; }

    /// <summary>Of <c>events_gone</c>, for a cursor that the journal has not reached: the newest one; null for others.</summary>
    public string? NewestCursor { get; init; }
}

/// <summary>One problem in a request.</summary>
/// <param name="Path">JSON path of the value, <c>$.tasks[1].task_name</c>, or <c>?limit</c> for a query parameter.</param>
/// <param name="Code">Stable code, <c>lower_snake</c>.</param>
/// <param name="Message">What was expected and what was given.</param>
public sealed record ProblemItem(string Path, string Code, string Message);
