using System.Diagnostics;
using BatchPlane.Core.Database;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Api;

/// <summary>
/// Gives every refusal a problem body: those the framework makes without one (unknown route, wrong method, content type) and
/// exceptions that nothing answered. What went wrong inside goes to the log with a trace id, only the id to the caller.
/// </summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, IOptions<ApiOptions> options, ILogger<ProblemMiddleware> logger)
{
    /// <summary>Nobody reads the answer; the number proxies use for it in their logs.</summary>
    private const int ClientClosedRequest = 499;

    public async Task InvokeAsync(HttpContext context)
    {
        var refusal = await RunAsync(context);
        if (refusal is not null && !context.Response.HasStarted)
        {
            // Headers that say what to do about the status (Allow, WWW-Authenticate) stay.
            await refusal.ExecuteAsync(context);
        }
    }

    private async Task<ProblemResult?> RunAsync(HttpContext context)
    {
        try
        {
            await next(context);
            return HasNoBody(context.Response) ? OfStatus(context.Response.StatusCode) : null;
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Response.StatusCode = ClientClosedRequest;
            return null;
        }
        catch (BadHttpRequestException exception)
        {
            return OfStatus(exception.StatusCode, exception.Message);
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            return OfException(context, exception);
        }
    }

    private ProblemResult OfException(HttpContext context, Exception exception)
    {
        var traceId = Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier;
        if (ExpectedFaults.IsTransient(exception))
        {
            Log.Unavailable(logger, context.Request.Method, context.Request.Path, exception.Message);
            context.Response.Headers.RetryAfter = "5";
            return new ProblemResult(ProblemKind.Unavailable, $"Trace id: {traceId}");
        }

        Log.Failed(logger, exception, context.Request.Method, context.Request.Path, traceId);
        return new ProblemResult(ProblemKind.Internal, $"Trace id: {traceId}");
    }

    private ProblemResult OfStatus(int status, string? detail = null) => new(
        ProblemKind.OfStatus(status),
        status == StatusCodes.Status413PayloadTooLarge ? FormattableString.Invariant($"At most {options.Value.MaxBodyBytes} bytes are accepted.") : detail);

    private static bool HasNoBody(HttpResponse response) =>
        response is { StatusCode: >= 400, HasStarted: false, ContentType: null } && response.ContentLength is null or 0;

    private static partial class Log
    {
        [LoggerMessage(1001, LogLevel.Error, "{Method} {Path} failed, trace id {TraceId}")]
        internal static partial void Failed(ILogger logger, Exception exception, string method, string path, string traceId);

        [LoggerMessage(1002, LogLevel.Warning, "{Method} {Path} refused: PostgreSQL cannot be reached: {Reason}")]
        internal static partial void Unavailable(ILogger logger, string method, string path, string reason);
    }
}
