using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Dispatch;
using BatchPlane.Server.Dispatch.Bus;
using Npgsql;

namespace BatchPlane.Server.Deliveries;

/// <summary>
/// Serves one subscription on this server: takes what its queue hands out, tries to deliver it, records the result, and puts back what failed. It shares nothing with
/// other subscriptions that one of them could use up.
/// </summary>
/// <remarks>
/// First recorded, then put back, then acknowledged: whoever gets a message again sees by the record how far it was, and goes on there. Of two messages of one delivery the one that is
/// behind the record is dropped. Nothing that fails is left to the transport, which would hand it out again at once.
/// </remarks>
internal sealed partial class SubscriptionWorker : IAsyncDisposable
{
    private static readonly TimeSpan RetryMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RetryMax = TimeSpan.FromSeconds(10);

    private readonly DeliveryServices _services;
    private readonly IEndpointSender _sender;
    private readonly EndpointCircuit _circuit;
    private readonly SemaphoreSlim _slots;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ServedSubscription _subscription;
    private IAsyncDisposable? _consuming;

    internal SubscriptionWorker(ServedSubscription subscription, DeliveryServices services)
    {
        _subscription = subscription;
        _services = services;
        _sender = services.SenderOf(subscription.View.Protocol);
        _circuit = new(services.Options, services.Time);
        Concurrency = services.ConcurrencyOf(subscription.View);
        _slots = new(Concurrency);
    }

    /// <summary>What it serves, as it was when this worker began; a change makes a new worker.</summary>
    internal long Revision => _subscription.Revision;

    /// <summary>Tries under way at once.</summary>
    private int Concurrency { get; }

    private string Id => _subscription.View.SubscriptionId;

    /// <summary>Begins to consume. More is taken than is tried at once: what was tried waits for its result to be stored.</summary>
    internal void Start() => _consuming = _services.Bus.Consume(SubscriptionQueue.OwnOf(Id), TopicTopology.OwnQueueOf(_subscription.View), Concurrency * 4, HandleAsync);

    /// <summary>Stops; what is under way is broken off and comes again.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_consuming is { } consuming)
        {
            await consuming.DisposeAsync();
        }

        _slots.Dispose();
        _stopping.Dispose();
    }

    /// <summary>When it returns the message is done with, here or in RabbitMQ. It throws when the worker stops, or could do nothing for as long as a message may be held: then it comes again.</summary>
    internal async Task HandleAsync(Incoming incoming)
    {
        var cancellation = _stopping.Token;
        try
        {
            await HandleAsync(incoming, cancellation);
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested && !IsOutage(fault))
        {
            Log.Bug(_services.Logger, fault, Id, incoming.EventId);
            await RecordAsync(incoming, DeliveryState.Dropped, incoming.Tries, null, fault.Message, null, cancellation);
        }
    }

    private async Task HandleAsync(Incoming incoming, CancellationToken cancellationToken)
    {
        if (incoming.DueAt is { } due && due > _services.Time.GetUtcNow())
        {
            await PutBackAsync(incoming, incoming.Tries, due, cancellationToken);
            return;
        }

        if ((incoming.IsRepeated || incoming.DueAt is not null) && await IsSettledAsync(incoming, cancellationToken))
        {
            return;
        }

        if (incoming.Since is { } since && _services.Time.GetUtcNow() - since > TimeSpan.FromSeconds(_subscription.View.MaxAgeSeconds!.Value))
        {
            await RecordAsync(incoming, incoming.Tries == 0 ? DeliveryState.Dropped : DeliveryState.Dead, incoming.Tries, null, FallenWorker.TooOld, null, cancellationToken);
            return;
        }

        if (!await _circuit.WaitAsync(_services.Options.HoldMax, cancellationToken))
        {
            await HoldBackAsync(incoming, cancellationToken);
            return;
        }

        DeliveryOutcome outcome;
        try
        {
            outcome = await WhenPossibleAsync(() => TryAsync(incoming, cancellationToken), cancellationToken);
        }
        catch (Exception fault) when (IsOutage(fault) && !cancellationToken.IsCancellationRequested)
        {
            await PutBackAsync(incoming, incoming.Tries, _services.Time.GetUtcNow() + _services.Options.PauseMax, cancellationToken);
            return;
        }

        await SettleAsync(incoming, outcome, cancellationToken);
    }

    /// <summary>True when a message that was handed out before needs nothing more: the record says so, or the message is put back as recorded.</summary>
    private async Task<bool> IsSettledAsync(Incoming incoming, CancellationToken cancellationToken)
    {
        var found = await WhenPossibleAsync(() => _services.Results.FindAsync(incoming.SubjectId, incoming.Sequence, cancellationToken), cancellationToken);
        if (found.SingleOrDefault(each => each.SubscriptionId == Id) is not { } stored || stored.RedeliveredAt < incoming.RedeliveredAt)
        {
            return false;
        }

        var isBehind = stored.RedeliveredAt > incoming.RedeliveredAt || stored.State == DeliveryState.Delivered || stored.Tries > incoming.Tries;
        if (isBehind && incoming.IsRepeated && stored.RedeliveredAt == incoming.RedeliveredAt && stored is { State: DeliveryState.Retrying, NextTryAt: { } next } && stored.Tries == incoming.Tries + 1)
        {
            // Whoever recorded this may have ended before it put the message back.
            await PutBackAsync(incoming, stored.Tries, next, cancellationToken);
        }

        return isBehind;
    }

    private async Task<DeliveryOutcome> TryAsync(Incoming incoming, CancellationToken cancellationToken)
    {
        DeliveryOutcome? outcome = null;
        await _slots.WaitAsync(cancellationToken);
        try
        {
            var began = _services.Time.GetTimestamp();
            outcome = await _sender.TryAsync(_subscription, incoming, cancellationToken);
            _services.Metrics.Tried(_subscription.View.Protocol, _services.Time.GetElapsedTime(began));
            return outcome;
        }
        finally
        {
            _slots.Release();
            switch (outcome)
            {
                case DeliveryOutcome.Failed or DeliveryOutcome.Gone or DeliveryOutcome.Refused:
                    _circuit.Failed();
                    break;
                case DeliveryOutcome.Delivered:
                    _circuit.Succeeded();
                    break;
                default:
                    _circuit.Abandoned();
                    break;
            }
        }
    }

    private Task SettleAsync(Incoming incoming, DeliveryOutcome outcome, CancellationToken cancellationToken)
    {
        var tries = incoming.Tries + 1;
        return outcome switch
        {
            DeliveryOutcome.Delivered delivered => RecordAsync(incoming, DeliveryState.Delivered, tries, delivered.Status, null, null, cancellationToken),
            DeliveryOutcome.Refused refused => RecordAsync(incoming, DeliveryState.Dead, tries, refused.Status, refused.Reason, null, cancellationToken),
            DeliveryOutcome.Undeliverable undeliverable => RecordAsync(incoming, DeliveryState.Dropped, incoming.Tries, null, undeliverable.Reason, null, cancellationToken),
            DeliveryOutcome.Gone gone => DisableAsync(incoming, gone, cancellationToken),
            DeliveryOutcome.Failed failed => RetryAsync(incoming, failed, cancellationToken),
            _ => throw new InvalidOperationException($"No rule for {outcome}."),
        };
    }

    /// <summary>What waits in the queue stays there until somebody enables the subscription again; this one is given up.</summary>
    private async Task DisableAsync(Incoming incoming, DeliveryOutcome.Gone gone, CancellationToken cancellationToken)
    {
        await RecordAsync(incoming, DeliveryState.Dead, incoming.Tries + 1, gone.Status, gone.Reason, null, cancellationToken);

        // Disabling stops this worker: it must not break off itself.
        await WhenPossibleAsync(
            async () =>
            {
                await _services.Disabler.GoneAsync(Id, gone.Reason, CancellationToken.None);
                return true;
            },
            cancellationToken);
    }

    private async Task RetryAsync(Incoming incoming, DeliveryOutcome.Failed failed, CancellationToken cancellationToken)
    {
        var tries = incoming.Tries + 1;
        if (RetrySchedule.Wait(_subscription.View.Retry ?? new(), tries, DeliveryServices.NextChance()) is not { } wait)
        {
            await RecordAsync(incoming, DeliveryState.Dead, tries, failed.Status, failed.Reason, null, cancellationToken);
            return;
        }

        var dueAt = _services.Time.GetUtcNow() + (failed.RetryAfter > wait ? failed.RetryAfter.Value : wait);
        await RecordAsync(incoming, DeliveryState.Retrying, tries, failed.Status, failed.Reason, dueAt, cancellationToken);
        await PutBackAsync(incoming, tries, dueAt, cancellationToken);
    }

    private async Task HoldBackAsync(Incoming incoming, CancellationToken cancellationToken)
    {
        var dueAt = _services.Time.GetUtcNow() + _circuit.Remaining + _services.Options.PauseMin;
        if (incoming.Tries == 0)
        {
            await RecordAsync(incoming, DeliveryState.Pending, 0, null, "The endpoint fails and is left alone for a while.", dueAt, cancellationToken);
        }

        await PutBackAsync(incoming, incoming.Tries, dueAt, cancellationToken);
    }

    private async Task PutBackAsync(Incoming incoming, int tries, DateTimeOffset dueAt, CancellationToken cancellationToken) => await WhenPossibleAsync(
        async () =>
        {
            await _services.Retries.DelayAsync(
                RetryHeaders.Delayed(incoming, SubscriptionQueue.OwnOf(Id), tries, dueAt, _services.Time.GetUtcNow()),
                dueAt - _services.Time.GetUtcNow(),
                cancellationToken);
            return true;
        },
        cancellationToken);

    /// <summary>Does something as soon as database and broker let it, at most as long as a message may be held.</summary>
    private async Task<T> WhenPossibleAsync<T>(Func<Task<T>> act, CancellationToken cancellationToken)
    {
        var began = _services.Time.GetTimestamp();
        var backoff = new Backoff(RetryMin, RetryMax);
        while (true)
        {
            try
            {
                return await act();
            }
            catch (Exception fault) when (IsOutage(fault) && !cancellationToken.IsCancellationRequested && _services.Time.GetElapsedTime(began) < _services.Options.HoldMax)
            {
                if (backoff.IsFresh)
                {
                    Log.Waits(_services.Logger, Id, fault.Message);
                }

                await Task.Delay(backoff.Next(), _services.Time, cancellationToken);
            }
        }
    }

    /// <summary>Whatever PostgreSQL says now, it says nothing of the event.</summary>
    private static bool IsOutage(Exception fault) => fault is NpgsqlException || ExpectedFaults.IsTransient(fault) || BrokerConnection.IsOutage(fault);

    private async Task RecordAsync(Incoming incoming, DeliveryState state, int tries, int? status, string? reason, DateTimeOffset? nextTryAt, CancellationToken cancellationToken)
    {
        _services.Metrics.Result(_subscription.View.Protocol, state);
        await _services.Recorder.RecordAsync(
            new(
                Id,
                incoming.SubjectId,
                incoming.Sequence,
                incoming.TopicName,
                incoming.RedeliveredAt,
                state,
                tries,
                status,
                reason?.Replace('\0', ' '),
                nextTryAt),
            cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(5048, LogLevel.Error, "Event {EventId} is dropped at subscription {SubscriptionId}: a bug")]
        internal static partial void Bug(ILogger logger, Exception exception, string subscriptionId, string eventId);

        [LoggerMessage(5049, LogLevel.Debug, "Subscription {SubscriptionId} waits: {Reason}")]
        internal static partial void Waits(ILogger logger, string subscriptionId, string reason);
    }
}
