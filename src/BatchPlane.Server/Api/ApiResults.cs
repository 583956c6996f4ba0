using BatchPlane.Contracts;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api.Authentication;

namespace BatchPlane.Server.Api;

/// <summary>Steps that all writing endpoints share.</summary>
internal static class ApiResults
{
    /// <summary>The request's idempotency key with the hash of its body, if it has one, in the scope of the caller and the operation; null when it has none.</summary>
    internal static IdempotencyKey? KeyOf(HttpContext context, RequestBody? body, string operation, ProblemList problems) =>
        IdempotencyHeader.Read(context.Request, problems) is { } key
            ? new IdempotencyKey($"{Caller.Of(context).KeyId}:{operation}", key, body?.Hash ?? [])
            : null;

    /// <summary>Refusal of a reused key.</summary>
    internal static ProblemResult KeyReused() => new(ProblemKind.IdempotencyKeyReused, $"The {IdempotencyHeader.Name} came with another body before.");

    /// <summary>Refusal to change or remove an environment that was made for a task.</summary>
    internal static ProblemResult EnvironmentOfTask(string envId, string jobId) => new(
        ProblemKind.EnvironmentState,
        $"{envId} was made for a task of the job {jobId}: it is as that asked for, and goes with it. End the task instead.");

    /// <summary>One page of at most <paramref name="limit"/> of the rows; one more was asked for to know whether there is a next page.</summary>
    internal static IResult Page<T>(IReadOnlyList<T> rows, int limit, Func<T, string> cursorAfter) => rows.Count > limit
        ? TypedResults.Json(new Page<T>([.. rows.Take(limit)], cursorAfter(rows[limit - 1])), BatchPlaneJson.Options)
        : TypedResults.Json(new Page<T>(rows, null), BatchPlaneJson.Options);
}
