using System.Diagnostics;

namespace BatchPlane.Server.Api;

/// <summary>One line for each request: quiet when it went well, louder the worse it went. Never a body, a query or a header: they may hold secrets.</summary>
internal sealed partial class RequestLogMiddleware(RequestDelegate next, ILogger<RequestLogMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var began = Stopwatch.GetTimestamp();
        await next(context);
        var level = context.Response.StatusCode switch
        {
            < 400 => LogLevel.Debug,
            // The caller went away, as agents do when they have something better to ask for.
            StatusCodes.Status499ClientClosedRequest => LogLevel.Debug,
            < 500 => LogLevel.Information,
            _ => LogLevel.Warning,
        };
        if (logger.IsEnabled(level))
        {
            var milliseconds = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            var path = context.Request.Path.Value ?? "";
            Log.Answered(logger, level, context.Request.Method, path, context.Response.StatusCode, milliseconds);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1000, Message = "{Method} {Path} answered {Status} in {Milliseconds:F1} ms")]
        internal static partial void Answered(ILogger logger, LogLevel level, string method, string path, int status, double milliseconds);
    }
}
