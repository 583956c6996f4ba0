using BatchPlane.Agent.Protocol;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Agent.Sessions;

/// <summary>
/// Ends an agent that runs nothing and has had no answer of a server for too long. It is for machines that are only lent: an allocation that nobody ends would
/// otherwise be held for as long as it may be. What runs is never ended by it.
/// </summary>
internal sealed partial class ServerPatience : IDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly TimeSpan? _limit;
    private readonly ServerClient _client;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop;
    private readonly ITimer? _timer;
    private volatile NodeSession? _session;

    /// <param name="limit">How long it waits; null: for ever.</param>
    /// <param name="client">Whose answers count.</param>
    /// <param name="time">Clock.</param>
    /// <param name="log">Log.</param>
    /// <param name="stop">The process is asked to end.</param>
    internal ServerPatience(TimeSpan? limit, ServerClient client, TimeProvider time, ILogger log, CancellationToken stop)
    {
        _limit = limit;
        _client = client;
        _log = log;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _timer = limit is null ? null : time.CreateTimer(_ => Look(), null, LookInterval, LookInterval);
    }

    /// <summary>The process is asked to end, or patience is.</summary>
    internal CancellationToken Stop => _stop.Token;

    /// <summary>True once it gave up.</summary>
    internal bool IsOver { get; private set; }

    /// <summary>The epoch that runs now; null: none.</summary>
    internal void Watch(NodeSession? session) => _session = session;

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer?.Dispose();
        _stop.Dispose();
    }

    private void Look()
    {
        if (IsOver || _client.SinceAnswer <= _limit || _session is { RunningCount: > 0 })
        {
            return;
        }

        IsOver = true;
        Log.GivesUp(_log, (int)_client.SinceAnswer.TotalSeconds);
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ends anyway.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(6080, LogLevel.Warning, "No answer of a server for {Seconds} seconds and nothing to run: this agent ends")]
        internal static partial void GivesUp(ILogger logger, int seconds);
    }
}
