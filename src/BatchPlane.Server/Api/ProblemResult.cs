using BatchPlane.Contracts;

namespace BatchPlane.Server.Api;

/// <summary>A refusal as an answer: RFC 9457 problem details with a stable code.</summary>
internal sealed class ProblemResult(ProblemKind kind, string? detail = null, IReadOnlyList<ProblemItem>? errors = null) : IResult
{
    internal const string ContentType = "application/problem+json";

    /// <summary>What is refused and why.</summary>
    internal Problem Problem { get; init; } = new()
    {
        Type = $"urn:batchplane:problem:{kind.Code}",
        Title = kind.Title,
        Status = kind.Status,
        Code = kind.Code,
        Detail = detail,
        Errors = errors ?? [],
    };

    /// <summary>A cursor of the journal from where it cannot be read: what follows is not kept any more, or it was never reached.</summary>
    internal static ProblemResult EventsGone(string detail, string? oldest, string? newest)
    {
        var refusal = new ProblemResult(ProblemKind.EventsGone, detail);
        return new(ProblemKind.EventsGone) { Problem = refusal.Problem with { OldestCursor = oldest, NewestCursor = newest } };
    }

    /// <summary>A request whose content is wrong.</summary>
    internal static ProblemResult Invalid(IReadOnlyList<ProblemItem> errors) => new(
        ProblemKind.InvalidRequest,
        errors.Count == 1 ? "1 problem was found." : FormattableString.Invariant($"{errors.Count} problems were found."),
        errors);

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = Problem.Status;
        return httpContext.Response.WriteAsJsonAsync(Problem, BatchPlaneJson.Options, ContentType, httpContext.RequestAborted);
    }
}
