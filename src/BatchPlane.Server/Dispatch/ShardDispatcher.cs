using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Messages;
using BatchPlane.Server.Dispatch.Bus;

namespace BatchPlane.Server.Dispatch;

/// <summary>
/// Delivers one shard while its lease lasts: reads pages of the journal, sends every message in order on one channel, and
/// moves the cursor over what is confirmed.
/// </summary>
/// <remarks>
/// <para>
/// After any fault (refusal, closed channel, silence, database away) it waits a growing while and begins again at the stored
/// cursor with a new channel. What was confirmed beyond the cursor is then sent again, with the same id.
/// </para>
/// <para>
/// Within a shard all messages share one channel, so a topic gets the events of a job in their sequence. A refused message is the one
/// exception: those sent behind it may have been accepted already, and it follows them.
/// </para>
/// <para>
/// While there is more to read, reading does not wait for confirms. The cursor is moved after each page, never by two writes at once.
/// A dispatcher whose lease may have run out by its own clock sends nothing; the epoch in the move is what really protects the cursor.
/// </para>
/// </remarks>
internal sealed partial class ShardDispatcher : IAsyncDisposable
{
    private static readonly TimeSpan RetryMin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan UnsettledMin = TimeSpan.FromMilliseconds(5);
    private const string TakenOver = "the shard was taken over";

    private readonly DispatchServices _services;
    private readonly DispatchOptions _options;
    private readonly MessageContextStore _contexts;
    private readonly Backoff _retry;
    private readonly Backoff _unsettled;
    private readonly CancellationTokenSource _stop = new();
    private volatile PublishChannel? _channel;
    private Task _redelivering = Task.CompletedTask;
    private OutboxPosition _moved;
    private OutboxPosition _stuckAt;
    private long _validUntil;
    private volatile bool _lost;

    internal ShardDispatcher(ShardLease lease, DispatchServices services)
    {
        Lease = lease;
        _services = services;
        _options = services.Options;
        _contexts = new(services.DataSource, services.Time);
        _retry = new(RetryMin, _options.RetryMax);
        _unsettled = new(UnsettledMin, _options.PollInterval);
        _moved = lease.Position;
    }

    /// <summary>The lease it works under.</summary>
    internal ShardLease Lease { get; }

    /// <summary>Its loop: ends when it is stopped or the shard was taken over. Never faults.</summary>
    internal Task Running { get; private set; } = Task.CompletedTask;

    private bool MayContinue => !_lost && !_stop.IsCancellationRequested;

    private bool MaySend => MayContinue && _services.Time.GetTimestamp() < Volatile.Read(ref _validUntil);

    /// <summary>Begins to deliver. The lease is taken to hold until <paramref name="validUntil"/>, a timestamp of the clock.</summary>
    internal void Start(long validUntil)
    {
        Extend(validUntil);
        Running = Task.Run(RunAsync);
        _redelivering = Task.Run(() => new ShardRedelivery(Lease, _services, () => MaySend).RunAsync(_stop.Token));
    }

    /// <summary>The lease was renewed.</summary>
    internal void Extend(long validUntil) => Volatile.Write(ref _validUntil, validUntil);

    /// <summary>The shard belongs to somebody else now: nothing more is sent and no confirm is waited for.</summary>
    internal void Lose()
    {
        _lost = true;
        _channel?.Ledger.Fail(PublishFault.Closed, TakenOver);
    }

    /// <summary>Sends nothing new, waits a bounded while for confirms on their way, moves the cursor. Safe to repeat.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
        {
            await _stop.CancelAsync();
        }

        // A send can hang in a full socket; it ends with the connection, and the cursor is safe without it.
        var all = Task.WhenAll(Running, _redelivering);
        await Task.WhenAny(all, Task.Delay(_options.StopTimeout + _options.StopTimeout, _services.Time));
        if (all.IsCompleted)
        {
            _stop.Dispose();
        }
    }

    private async Task RunAsync()
    {
        using var sender = new EventSender(_services, () => MaySend, _stop.Token);
        while (MayContinue)
        {
            try
            {
                await DeliverAsync(sender);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault) when (BrokerConnection.IsOutage(fault) || ExpectedFaults.IsTransient(fault))
            {
                await PauseAsync(fault.Message);
            }
#pragma warning disable CA1031 // A bug must not silence the shard for good: it is tried again, and the log says so each time.
            catch (Exception fault)
#pragma warning restore CA1031
            {
                Log.Bug(_services.Logger, fault, Lease.Shard);
                await PauseAsync(fault.Message);
            }
        }
    }

    private async Task PauseAsync(string reason)
    {
        _services.Metrics.Fault();
        Log.BeginsAgain(_services.Logger, Lease.Shard, reason);
        await WaitAsync(_retry.Next());
    }

    /// <summary>One channel's life.</summary>
    private async Task DeliverAsync(EventSender sender)
    {
        await _services.Readiness.WaitAsync(_stop.Token);
        await using var channel = await PublishChannel.OpenAsync(
            _services.Broker,
            _services.Time,
            _options,
            _moved,
            _stop.Token);
        if (!_services.Readiness.IsReady)
        {
            // It may be a channel of the next connection already.
            return;
        }

        sender.BeginChannel(channel);
        _channel = channel;
        try
        {
            await PumpAsync(channel, sender);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // What is on its way is waited for below.
        }

        await SettleAsync(channel, sender);
        sender.CountRefusals(channel.Ledger.Refused);
        if (channel.Ledger.Fault is { Fault: not PublishFault.None } fault && MayContinue)
        {
            _stuckAt = _moved;
            await PauseAsync($"{fault.Fault}: {fault.Reason}");
        }
    }

    /// <summary>Reads and sends until the channel has a fault, the lease does not hold or the dispatcher stops.</summary>
    private async Task PumpAsync(PublishChannel channel, EventSender sender)
    {
        var position = _moved;
        while (MayContinue)
        {
            if (!MaySend)
            {
                await WaitAsync(_options.LeaseRenewal);
                continue;
            }

            // Taken before the look: what is committed after it sets this very signal.
            var signal = _services.Signal.Next;
            var page = await _services.Reader.ReadAsync(Lease.Shard, position, _options.PageSize, _stop.Token);
            if (page.Rows.Count > 0)
            {
                if (sender.Addressed.Mark != page.Addressed)
                {
                    sender.Addressed = await _services.Subscriptions.ListAddressedAsync(_stop.Token);
                }

                var contexts = await _contexts.LoadAsync(page.Rows, _stop.Token);
                if (!await SendPageAsync(channel, sender, page.Rows, contexts, position))
                {
                    return;
                }

                position = page.Rows[^1].End;
                _services.Metrics.Lag(_services.Time.GetUtcNow() - page.Rows[^1].OccurredAt);
                _unsettled.Reset();
            }

            if (!await MoveOnAsync(channel, sender, page))
            {
                return;
            }

            if (page.Rows.Count == 0)
            {
                await IdleAsync(signal, page.Unsettled);
            }
        }
    }

    /// <summary>
    /// Every event of a page; false when not all of it could be sent. <paramref name="start"/> is where the page begins, maybe within its first row.
    /// A page of spans has many more events than rows: the cursor moves meanwhile, so that a fault repeats little,
    /// and who is sent copies is looked at again.
    /// </summary>
    private async Task<bool> SendPageAsync(
        PublishChannel channel,
        EventSender sender,
        IReadOnlyList<OutboxRow> rows,
        MessageContexts contexts,
        OutboxPosition start)
    {
        var before = start;
        var sinceMove = 0;
        var gone = 0L;
        foreach (var row in rows)
        {
            if (contexts.SubjectOf(row) is null)
            {
                gone += row.Span - before.Offset;
                channel.Ledger.Checkpoint(row.End);
                before = row.End;
                continue;
            }

            for (var offset = before.Offset; offset < row.Span; offset++)
            {
                if (!MaySend || !await sender.SendAsync(channel, new(row, offset), contexts))
                {
                    return false;
                }

                channel.Ledger.Checkpoint(offset + 1 == row.Span ? row.End : before with { Offset = offset + 1 });
                if (++sinceMove > _options.PageSize)
                {
                    sinceMove = 0;
                    await MoveAsync(channel, sender);
                    sender.Addressed = await _services.Subscriptions.ListAddressedAsync(_stop.Token);
                }
            }

            before = row.End;
        }

        if (gone > 0)
        {
            Log.NoSubjects(_services.Logger, Lease.Shard, gone);
        }

        return true;
    }

    /// <summary>Moves the cursor; waits for all confirms first when there is nothing more to send. False when the channel has a fault.</summary>
    private async Task<bool> MoveOnAsync(PublishChannel channel, EventSender sender, OutboxPage page)
    {
        if (!page.Full)
        {
            await channel.WaitAsync(0);
        }

        await MoveAsync(channel, sender);
        return channel.Ledger.Fault.Fault == PublishFault.None;
    }

    /// <summary>The end of a channel: the answers still to come count, if they come soon.</summary>
    private async Task SettleAsync(PublishChannel channel, EventSender sender)
    {
        if (_lost)
        {
            return;
        }

        if (channel.Ledger.Fault.Fault is PublishFault.None or PublishFault.Refused)
        {
            var limit = _stop.IsCancellationRequested ? _options.StopTimeout : _options.ConfirmTimeout;
            await Task.WhenAny(channel.WaitAsync(0), Task.Delay(limit, _services.Time));
        }

        await MoveAsync(channel, sender);
    }

    private async Task MoveAsync(PublishChannel channel, EventSender sender)
    {
        var (position, exceptions) = channel.Ledger.TakeConfirmed();
        sender.Answered(exceptions);
        if (!_moved.IsBefore(position) && exceptions.Count == 0)
        {
            return;
        }

        if (await _services.Reader.MoveAsync(Lease.Shard, Lease.Epoch, position, exceptions, CancellationToken.None) is not { } moved)
        {
            Log.TakenOver(_services.Logger, Lease.Shard, Lease.Epoch);
            _lost = true;
            return;
        }

        _moved = moved;
        if (_stuckAt.IsBefore(moved))
        {
            // What lies before a message that is refused again and again is no reason to try that one sooner.
            _retry.Reset();
        }

        _services.Metrics.Exceptions(exceptions);
        if (exceptions.Count > 0)
        {
            Log.Exceptions(_services.Logger, Lease.Shard, exceptions.Count, exceptions[0].TopicName, exceptions[0].Reason);
        }
    }

    private async Task IdleAsync(Task signal, bool unsettled)
    {
        if (unsettled)
        {
            // Rows wait for older transactions to end, and nobody will tell of that.
            await WaitAsync(_unsettled.Next());
            return;
        }

        using var wake = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        await Task.WhenAny(signal, Task.Delay(_options.PollInterval, _services.Time, wake.Token));
        await wake.CancelAsync();
    }

    /// <summary>Waits, or less when it is stopped.</summary>
    private async Task WaitAsync(TimeSpan delay)
    {
        try
        {
            await Task.Delay(delay, _services.Time, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopping: the caller looks.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5021, LogLevel.Debug, "Shard {Shard} begins again from its cursor ({Reason})")]
        internal static partial void BeginsAgain(ILogger logger, short shard, string reason);

        [LoggerMessage(5022, LogLevel.Error, "Shard {Shard} met a bug and begins again from its cursor")]
        internal static partial void Bug(ILogger logger, Exception fault, short shard);

        [LoggerMessage(5023, LogLevel.Warning, "Shard {Shard}: {Count} events are not sent: their jobs or environments are gone")]
        internal static partial void NoSubjects(ILogger logger, short shard, long count);

        [LoggerMessage(5024, LogLevel.Warning, "Shard {Shard} was taken over; epoch {Epoch} delivers it no more")]
        internal static partial void TakenOver(ILogger logger, short shard, long epoch);

        [LoggerMessage(5025, LogLevel.Information, "Shard {Shard}: {Count} messages did not arrive, the first for topic {TopicName} ({Reason})")]
        internal static partial void Exceptions(ILogger logger, short shard, int count, string topicName, string reason);
    }
}
