using BatchPlane.Server.Tencent.Actions;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tencent.Wire;

/// <summary>
/// Counts and logs each request: quietly when it went well, louder when it was refused. Never a body, a query, a signature or who is said to have signed: they may hold secrets. What was
/// refused before anybody was known to have sent it is logged up to a number of lines a minute, since anybody can make it.
/// </summary>
internal sealed partial class RequestLog(TencentMetrics metrics, ActionTable actions, IOptions<TencentOptions> options, TimeProvider time, ILogger<RequestLog> logger)
{
    private const string Fine = "OK";
    private const string Unknown = "unknown";
    private const int MaxClientLength = 64;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private long _began = time.GetTimestamp();
    private int _lines;
    private long _unlogged;

    /// <summary>The action that a request names, when there is one: callers may write anything there.</summary>
    internal string NameOf(WireRequest? request) => request is not null && actions.IsKnown(request.Action) ? request.Action : Unknown;

    /// <summary>Notes a request that was answered. <paramref name="code"/>: of its error; null: there is none.</summary>
    internal void Answered(HttpContext context, WireRequest? request, bool isCallerKnown, string? code, string requestId)
    {
        var (action, answered) = (NameOf(request), code ?? Fine);
        metrics.Answered(action, answered);
        if (!isCallerKnown && !TryTakeLine())
        {
            return;
        }

        var level = code is null ? LogLevel.Debug : LogLevel.Information;
        if (logger.IsEnabled(level))
        {
            var remote = context.Connection.RemoteIpAddress?.ToString() ?? "";
            var client = ClientOf(request);
            Log.Answered(logger, level, action, answered, remote, client, requestId);
        }
    }

    private static string ClientOf(WireRequest? request)
    {
        var client = request?.Client ?? "";
        return string.Concat((client.Length <= MaxClientLength ? client : client[..MaxClientLength]).Select(c => c is >= ' ' and <= '~' ? c : '?'));
    }

    private bool TryTakeLine()
    {
        long unlogged;
        lock (_gate)
        {
            unlogged = _unlogged;
            if (time.GetElapsedTime(_began) >= Minute)
            {
                (_began, _lines, _unlogged) = (time.GetTimestamp(), 0, 0);
            }
            else
            {
                unlogged = 0;
            }

            if (_lines >= options.Value.MaxRefusalsLogged)
            {
                _unlogged++;
                return false;
            }

            _lines++;
        }

        if (unlogged > 0)
        {
            Log.NotLogged(logger, unlogged);
        }

        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1010, Message = "Tencent {Action} answered {Code} to {Remote}, client {Client}, request {RequestId}")]
        internal static partial void Answered(ILogger logger, LogLevel level, string action, string code, string remote, string client, string requestId);

        [LoggerMessage(1013, LogLevel.Information, "{Count} more requests of unknown callers were refused by the Tencent façade and not logged")]
        internal static partial void NotLogged(ILogger logger, long count);
    }
}
