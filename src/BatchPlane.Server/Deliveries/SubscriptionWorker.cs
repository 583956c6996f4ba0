using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Server.Deliveries;

/// <summary>
/// Serves one subscription on this server: takes what its queue hands out, tries to deliver it, puts back what failed, and records the result. It shares nothing with
/// other subscriptions that one of them could use up.
/// </summary>
internal sealed class SubscriptionWorker : IAsyncDisposable
{
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

    /// <summary>Begins to consume. More is taken than is tried at once: what was tried waits for its result to be stored.</summary>
    internal void Start() => _consuming = _services.Bus.Consume(_subscription.View.SubscriptionId, Concurrency * 4, HandleAsync);

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

    /// <summary>When it returns the message is done with, here or in RabbitMQ; when it throws it comes again.</summary>
    internal async Task HandleAsync(Incoming incoming)
    {
        var cancellation = _stopping.Token;
        var now = _services.Time.GetUtcNow();
        if (incoming.DueAt is { } due && due > now)
        {
            await PutBackAsync(incoming, incoming.Tries, due, cancellation);
            return;
        }

        if (!await _circuit.WaitAsync(_services.Options.HoldMax, cancellation))
        {
            await HoldBackAsync(incoming, cancellation);
            return;
        }

        var outcome = await TryAsync(incoming, cancellation);
        await SettleAsync(incoming, outcome, cancellation);
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
                case DeliveryOutcome.Failed or DeliveryOutcome.Gone:
                    _circuit.Failed();
                    break;
                case DeliveryOutcome.Delivered or DeliveryOutcome.Refused:
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
        await _services.Disabler.DisableAsync(_subscription.View.SubscriptionId, gone.Reason, failingBefore: null, CancellationToken.None);
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
        await PutBackAsync(incoming, tries, dueAt, cancellationToken);
        await RecordAsync(incoming, DeliveryState.Retrying, tries, failed.Status, failed.Reason, dueAt, cancellationToken);
    }

    private async Task HoldBackAsync(Incoming incoming, CancellationToken cancellationToken)
    {
        var dueAt = _services.Time.GetUtcNow() + _circuit.Remaining + _services.Options.PauseMin;
        await PutBackAsync(incoming, incoming.Tries, dueAt, cancellationToken);
        if (incoming.Tries == 0)
        {
            await RecordAsync(incoming, DeliveryState.Pending, 0, null, "The endpoint fails and is left alone for a while.", dueAt, cancellationToken);
        }
    }

    private Task PutBackAsync(Incoming incoming, int tries, DateTimeOffset dueAt, CancellationToken cancellationToken) => _services.Retries.DelayAsync(
        RetryHeaders.Delayed(incoming, SubscriptionQueue.OwnOf(_subscription.View.SubscriptionId), tries, dueAt),
        dueAt - _services.Time.GetUtcNow(),
        cancellationToken);

    private async Task RecordAsync(Incoming incoming, DeliveryState state, int tries, int? status, string? reason, DateTimeOffset? nextTryAt, CancellationToken cancellationToken)
    {
        _services.Metrics.Result(_subscription.View.Protocol, state);
        await _services.Recorder.RecordAsync(
            new(
                _subscription.View.SubscriptionId,
                incoming.SubjectId,
                incoming.Sequence,
                incoming.TopicName,
                state,
                tries,
                status,
                reason?.Replace('\0', ' '),
                _services.Time.GetUtcNow(),
                nextTryAt),
            cancellationToken);
    }
}
