using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Files;
using BatchPlane.Agent.Hosts;
using BatchPlane.Agent.Outputs;
using BatchPlane.Agent.Progress;
using BatchPlane.Agent.Protocol;
using BatchPlane.Contracts;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Agent.Sessions;

/// <summary>How an epoch ended.</summary>
internal enum SessionEnd
{
    /// <summary>Everything was told and the server knows that the node left.</summary>
    Left,

    /// <summary>Asked to stop, but the server could not be told everything in time.</summary>
    LeftUntold,

    /// <summary>The server gave the node up. Nothing of this epoch runs any more.</summary>
    Fenced,
}

/// <summary>
/// One epoch of the node, from join to leave or fence. Three ways out:
/// <list type="bullet">
/// <item>fenced: kill, forget everything;</item>
/// <item>drained by the server: give back what was not started, wait for what runs without limit, tell everything, leave;</item>
/// <item>stopped (the process is asked to end): the same, but what runs is killed after <see cref="AgentOptions.DrainTimeout"/> without a
/// report, so that leaving hands it to another node without costing a retry; and telling is tried for <see cref="AgentOptions.DeliveryTimeout"/> only.</item>
/// </list>
/// </summary>
internal sealed partial class NodeSession : IDisposable
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan KilledTakeAtMost = TimeSpan.FromSeconds(10);

    private readonly AgentOptions _options;
    private readonly ServerClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly TimeSpan _killGrace;
    private readonly ReportQueue _queue;
    private readonly AttemptBook _book;
    private readonly ServerOrders _orders;
    private readonly OutputShipper _outputs;
    private readonly AttemptRunner _runner;
    private readonly WorkLoop _work;
    private readonly ReportLoop _reports;
    private readonly HeartbeatLoop _heartbeats;
    private readonly KeptLoop _kept;
    private readonly CancellationTokenSource _over = new();
    private readonly CancellationTokenSource _draining;

    internal NodeSession(
        AgentOptions options, JoinResponse node, ServerClient client, IAttemptExecutor executor, Staging staging, WorkDirectory directory, TimeProvider time, ILogger log)
    {
        _options = options;
        _client = client;
        _time = time;
        _log = log;
        _killGrace = TimeSpan.FromSeconds(node.KillGraceSeconds);
        _draining = CancellationTokenSource.CreateLinkedTokenSource(_over.Token);
        _queue = new ReportQueue(options, time);
        _book = new AttemptBook(options, _killGrace, directory, _queue, time);
        _orders = new ServerOrders(_book, time, log);
        _outputs = new OutputShipper(options, client, node, directory, time, _orders.Fence);
        _runner = new AttemptRunner(options, _book, _queue, _outputs, new ProgressReader(node.Progress, _queue, time, log), executor, staging, time, log);
        _work = new WorkLoop(options, node, client, _book, _orders, time);
        _reports = new ReportLoop(options, node, client, _queue, _orders, time);
        _heartbeats = new HeartbeatLoop(options, node, client, _book, _orders, time);
        _kept = new KeptLoop(options, node, client, directory, time, log);
    }

    /// <summary>Attempts that run.</summary>
    internal int RunningCount => _book.RunningCount;

    /// <summary>Runs the epoch to its end.</summary>
    /// <param name="stop">The process is asked to end.</param>
    internal async Task<SessionEnd> RunAsync(CancellationToken stop)
    {
        var loops = new[] { _runner.RunAsync(_over.Token), _reports.RunAsync(_over.Token), _heartbeats.RunAsync(_over.Token), _kept.RunAsync(_over.Token) };
        var work = _work.RunAsync(_draining.Token);
        using var watch = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            // A loop that ends by itself has met a bug: its exception ends the agent, which is better than a node that looks alive.
            var ended = await Task.WhenAny([_orders.Fenced, _orders.DrainAsked, Task.Delay(Timeout.Infinite, watch.Token), work, .. loops]);
            if (ended == work || loops.Contains(ended))
            {
                await ended;
            }

            return _orders.Fenced.IsCompleted ? SessionEnd.Fenced : await LeaveAsync(work, stop);
        }
        finally
        {
            await watch.CancelAsync();
            await EndAsync([work, .. loops]);
        }
    }

    public void Dispose()
    {
        _draining.Dispose();
        _over.Dispose();
    }

    private async Task<SessionEnd> LeaveAsync(Task work, CancellationToken stop)
    {
        Log.Draining(_log, _book.RunningCount);
        await _draining.CancelAsync();
        await IgnoreCancelAsync(work);
        _book.Drain();

        // The long poll just broken off may have been granted something: the answer to this heartbeat tells, and it is given back.
        var lastGrants = _heartbeats.BeatAsync(_over.Token);
        await FinishRunningAsync(stop);
        await lastGrants;
        var told = await UntilAsync(() => _book.IsEmpty, () => stop.IsCancellationRequested ? _options.DeliveryTimeout : null, stop);
        if (_orders.Fenced.IsCompleted)
        {
            return SessionEnd.Fenced;
        }

        await _over.CancelAsync();
        var left = await SayGoodbyeAsync(stop);
        return told && left ? SessionEnd.Left : SessionEnd.LeftUntold;
    }

    private async Task FinishRunningAsync(CancellationToken stop)
    {
        if (await UntilAsync(() => _book.RunningCount == 0, () => stop.IsCancellationRequested ? _options.DrainTimeout : null, stop) || _orders.Fenced.IsCompleted)
        {
            return;
        }

        Log.KillingAtStop(_log, _book.RunningCount);
        _book.StopRunning();
        await UntilAsync(() => _book.RunningCount == 0, () => _killGrace + KilledTakeAtMost, stop);
    }

    private async Task<bool> SayGoodbyeAsync(CancellationToken stop)
    {
        var since = _time.GetTimestamp();
        var retry = new Backoff(_options.RetryPauseMax, _time);
        while (true)
        {
            var answer = await _client.LeaveAsync(CancellationToken.None);
            if (answer.Kind is not AnswerKind.Unavailable)
            {
                return answer.Kind == AnswerKind.Ok;
            }

            if (stop.IsCancellationRequested && _time.GetElapsedTime(since) >= _options.DeliveryTimeout)
            {
                Log.Untold(_log, answer.Detail);
                return false;
            }

            await retry.PauseAsync(CancellationToken.None);
        }
    }

    // Waits until the condition holds (true), the epoch is fenced, or the limit is over. The limit counts from its first being set: a stop
    // may come in the middle of a wait that had none.
    private async Task<bool> UntilAsync(Func<bool> condition, Func<TimeSpan?> limit, CancellationToken stop)
    {
        long? limited = null;
        using var wake = stop.Register(_book.Changed.Ring);
        while (!condition())
        {
            if (_orders.Fenced.IsCompleted)
            {
                return false;
            }

            var pause = LookAgain;
            if (limit() is { } most)
            {
                limited ??= _time.GetTimestamp();
                var left = most - _time.GetElapsedTime(limited.Value);
                if (left <= TimeSpan.Zero)
                {
                    return false;
                }

                pause = left < pause ? left : pause;
            }

            await _book.Changed.WaitAsync(pause, CancellationToken.None);
        }

        return true;
    }

    // Whatever way it ended: nothing of this epoch may go on running, and no loop may go on talking for it.
    private async Task EndAsync(Task[] loops)
    {
        await _over.CancelAsync();
        _book.AbandonAll();
        if (!await UntilKilledAsync())
        {
            Log.NotKilled(_log, _book.RunningCount);
        }

        await Task.WhenAll(loops.Select(IgnoreCancelAsync));
    }

    private async Task<bool> UntilKilledAsync()
    {
        var since = _time.GetTimestamp();
        while (_book.RunningCount > 0)
        {
            if (_time.GetElapsedTime(since) >= KilledTakeAtMost)
            {
                return false;
            }

            await _book.Changed.WaitAsync(LookAgain, CancellationToken.None);
        }

        return true;
    }

    private static async Task IgnoreCancelAsync(Task loop)
    {
        try
        {
            await loop;
        }
        catch (OperationCanceledException)
        {
            // How a loop ends when it is told to.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(6003, LogLevel.Information, "Draining: {Running} attempts still run")]
        internal static partial void Draining(ILogger logger, int running);

        [LoggerMessage(6004, LogLevel.Warning, "The time to drain is over: killing {Running} attempts, which go to another node")]
        internal static partial void KillingAtStop(ILogger logger, int running);

        [LoggerMessage(6005, LogLevel.Warning, "The server could not be told that this node leaves ({Detail}); it will notice by the lease")]
        internal static partial void Untold(ILogger logger, string detail);

        [LoggerMessage(6006, LogLevel.Error, "{Running} killed attempts do not end; the kernel holds them")]
        internal static partial void NotKilled(ILogger logger, int running);
    }
}
