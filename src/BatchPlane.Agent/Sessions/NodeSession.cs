using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Files;
using BatchPlane.Agent.Hosts;
using BatchPlane.Agent.Keeping;
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

    /// <summary>The executor lost what it ran: nobody knows how it ends, so the epoch has to.</summary>
    ExecutorLost,
}

/// <summary>How the process is asked to end.</summary>
/// <param name="Leave">In order.</param>
/// <param name="Now">At once; comes after the other.</param>
internal sealed record Stops(CancellationToken Leave, CancellationToken Now);

/// <summary>
/// One epoch of the node, from join to leave or fence. Three ways out:
/// <list type="bullet">
/// <item>fenced: kill, forget everything;</item>
/// <item>drained by the server: give back what was not started, wait for what runs without limit, tell everything, leave;</item>
/// <item>stopped (the process is asked to end): the same, but what runs is killed after <see cref="AgentOptions.DrainTimeout"/> without a
/// report, so that leaving hands it to another node without costing a retry; and telling is tried for <see cref="AgentOptions.DeliveryTimeout"/> only. Asked to end at
/// once, it waits for neither.</item>
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
    private readonly IAttemptExecutor _executor;
    private readonly IReadOnlyList<AdoptedAttempt> _adopted;
    private readonly KeptLoop _kept;
    private readonly CancellationTokenSource _over = new();
    private readonly CancellationTokenSource _draining;

    // Adopted is what an earlier agent of this epoch started; null: the epoch begins with this session.
    internal NodeSession(
        AgentOptions options,
        JoinResponse node,
        IReadOnlyList<AdoptedAttempt>? adopted,
        ServerClient client,
        IAttemptExecutor executor,
        Staging staging,
        WorkDirectory directory,
        TimeProvider time,
        ILogger log)
    {
        _executor = executor;
        _options = options;
        _client = client;
        _time = time;
        _log = log;
        _killGrace = TimeSpan.FromSeconds(node.KillGraceSeconds);
        _draining = CancellationTokenSource.CreateLinkedTokenSource(_over.Token);
        _queue = new ReportQueue(options, time);
        _book = new AttemptBook(options, _killGrace, directory, _queue, time);
        _orders = new ServerOrders(_book, time, log);
        _outputs = new OutputShipper(options, client, node, directory, _queue, time, _orders.Fence);
        _heartbeats = new HeartbeatLoop(options, node, adopted is not null, client, _book, _orders, directory, time);
        _runner = new AttemptRunner(options, _book, _queue, _outputs, new ProgressReader(node.Progress, _queue, time, log), executor, staging, _heartbeats.NoteKept, time, log);
        _work = new WorkLoop(options, node, client, _book, _orders, time);
        _reports = new ReportLoop(options, node, client, _queue, _orders, time);
        _adopted = adopted ?? [];
        _kept = new KeptLoop(options, node, client, directory, time, log);
    }

    /// <summary>Attempts that run.</summary>
    internal int RunningCount => _book.RunningCount;

    /// <summary>Runs the epoch to its end.</summary>
    /// <param name="stops">How the process is asked to end.</param>
    internal async Task<SessionEnd> RunAsync(Stops stops)
    {
        // What is adopted is known before the server is asked what else there is.
        var runner = _runner.RunAsync(_over.Token);
        _runner.Adopt(_adopted);
        var loops = new[] { runner, _reports.RunAsync(_over.Token), _heartbeats.RunAsync(_over.Token), _kept.RunAsync(_over.Token) };
        var work = _work.RunAsync(_draining.Token);
        using var watch = CancellationTokenSource.CreateLinkedTokenSource(stops.Leave);
        try
        {
            // A loop that ends by itself has met a bug: its exception ends the agent, which is better than a node that looks alive.
            var ended = await Task.WhenAny([_orders.Fenced, _orders.DrainAsked, _executor.Lost, Task.Delay(Timeout.Infinite, watch.Token), work, .. loops]);
            if (ended == work || loops.Contains(ended))
            {
                await ended;
            }

            return HasEnded ? EndOf() : await LeaveAsync(work, stops);
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

    private bool HasEnded => _orders.Fenced.IsCompleted || _executor.Lost.IsCompleted;

    private SessionEnd EndOf() => _orders.Fenced.IsCompleted ? SessionEnd.Fenced : SessionEnd.ExecutorLost;

    private async Task<SessionEnd> LeaveAsync(Task work, Stops stops)
    {
        Log.Draining(_log, _book.RunningCount);
        await _draining.CancelAsync();
        await IgnoreCancelAsync(work);
        _book.Drain();

        // The long poll just broken off may have been granted something: the answer to this heartbeat tells, and it is given back.
        var lastGrants = _heartbeats.BeatAsync(_over.Token);
        await FinishRunningAsync(stops);
        await lastGrants;
        var told = await UntilAsync(() => _book.IsEmpty, () => Delivery(stops), stops);
        if (HasEnded)
        {
            return EndOf();
        }

        await _over.CancelAsync();
        var left = await SayGoodbyeAsync(stops);
        return told && left ? SessionEnd.Left : SessionEnd.LeftUntold;
    }

    private async Task FinishRunningAsync(Stops stops)
    {
        if (await UntilAsync(() => _book.RunningCount == 0, () => Drain(stops), stops) || HasEnded)
        {
            return;
        }

        Log.KillingAtStop(_log, _book.RunningCount);
        _book.StopRunning();
        if (!await UntilAsync(() => _book.RunningCount == 0, () => stops.Now.IsCancellationRequested ? TimeSpan.Zero : _killGrace + KilledTakeAtMost, stops))
        {
            _book.AbandonAll();
            await UntilKilledAsync();
        }
    }

    private async Task<bool> SayGoodbyeAsync(Stops stops)
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

            if (Delivery(stops) is { } limit && _time.GetElapsedTime(since) >= limit)
            {
                Log.Untold(_log, answer.Detail);
                return false;
            }

            await retry.PauseAsync(stops.Now).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private TimeSpan? Drain(Stops stops) => Limit(stops, _options.DrainTimeout);

    private TimeSpan? Delivery(Stops stops) => Limit(stops, _options.DeliveryTimeout);

    private static TimeSpan? Limit(Stops stops, TimeSpan limit) =>
        stops.Now.IsCancellationRequested ? TimeSpan.Zero : stops.Leave.IsCancellationRequested ? limit : null;

    // Waits until the condition holds (true), the epoch is fenced, or the limit is over. The limit counts from its first being set: a stop
    // may come in the middle of a wait that had none.
    private async Task<bool> UntilAsync(Func<bool> condition, Func<TimeSpan?> limit, Stops stops)
    {
        long? limited = null;
        using var wake = stops.Leave.Register(_book.Changed.Ring);
        using var hurry = stops.Now.Register(_book.Changed.Ring);
        while (!condition())
        {
            if (HasEnded)
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
