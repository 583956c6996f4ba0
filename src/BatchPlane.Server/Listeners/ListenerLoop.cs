using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Listeners;

namespace BatchPlane.Server.Listeners;

/// <summary>
/// One listener on this server: tries to take it, and while it has it, reads the journal from its place on, hands batches over, and moves the place when a call has returned. A batch that failed is handed
/// over again, nothing else before it. Many servers may have the listener; the lease sees to it that one runs it, the epoch that no other moves the place.
/// </summary>
internal sealed partial class ListenerLoop(LoadedListener loaded, ListenerServices services)
{
    private readonly ListenersOptions _options = services.Options;
    private readonly GuardedListener _listener = new(loaded.Listener, services.ContextFor(loaded.Name), services.Options);

    /// <summary>Runs until it is cancelled, and disposes the listener. Never throws.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                // One that is stuck here may well run on another server.
                if (_listener.IsStuck || await TryRunAsync(cancellationToken) is false)
                {
                    await Task.Delay(_options.LookInterval, services.Time, cancellationToken);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
#pragma warning disable CA1031 // A database that is away, or a bug: it must end neither the server nor this listener for good.
            catch (Exception fault)
#pragma warning restore CA1031
            {
                Log.Broken(services.Logger, ExpectedFaults.IsTransient(fault) ? LogLevel.Warning : LogLevel.Error, loaded.Name, fault.Message);
                await Task.WhenAny(Task.Delay(_options.RetryMin, services.Time, cancellationToken));
            }
        }

        if (await _listener.DisposeAsync() is { Outcome: not CallOutcome.Done } disposed)
        {
            Log.NotDisposed(services.Logger, loaded.Name, disposed.Error);
        }
    }

    /// <summary>False when somebody else has it, or nobody may.</summary>
    private async Task<bool> TryRunAsync(CancellationToken cancellationToken)
    {
        var since = services.Time.GetTimestamp();
        if (await services.Store.ClaimAsync(loaded.Name, services.Holder, _options.LeaseDuration, cancellationToken) is not { } lease)
        {
            return false;
        }

        Log.Took(services.Logger, loaded.Name, lease.Epoch);
        await using var held = new HeldListener(lease, since, services, cancellationToken);
        try
        {
            await Task.Delay(lease.RetryIn, services.Time, held.Lost);
            await PumpAsync(held);
        }
        catch (OperationCanceledException) when (held.Lost.IsCancellationRequested)
        {
            // Taken over, paused by a user, or the server stops: what was not confirmed comes again.
        }

        return true;
    }

    /// <summary>Until the listener is lost, or stuck.</summary>
    private async Task PumpAsync(HeldListener held)
    {
        var reader = new ListenerReader(services.Journal, held.Lease.Place, _options.ReadRows, _options.SampleEvery);
        var gap = held.Lease.Gap;
        while (true)
        {
            switch (await reader.ReadAsync(_options.BatchEvents, held.Lost))
            {
                case ListenerPage.Nothing:
                    await Task.Delay(_options.LookInterval, services.Time, held.Lost);
                    break;
                case ListenerPage.Gone gone:
                    gap = $"events were dropped after Journal.RetentionDays before {loaded.Name} took them";
                    if (!await services.Store.NoteGapAsync(held.Lease, gone.Last, gap, held.Lost))
                    {
                        return;
                    }

                    services.Metrics.Gap(loaded.Name);
                    Log.Gap(services.Logger, loaded.Name);
                    reader.GoOnBehind(gone.Last);
                    break;
                case ListenerPage.Found found:
                    if ((found.Events.Count > 0 && !await DeliverAsync(held, new(found.Events, gap is null ? null : new(gap))))
                        || !await services.Store.MoveAsync(held.Lease, found.End, found.Events.Count, held.Lost))
                    {
                        return;
                    }

                    services.Metrics.Handled(loaded.Name, found.Events.Count);
                    gap = found.Events.Count > 0 ? null : gap;
                    if (_listener.IsStuck)
                    {
                        // The call returned, and something that it registered still holds a thread.
                        return;
                    }

                    break;
            }
        }
    }

    /// <summary>Hands a batch over until it is taken, however often it fails. False when it will not be: the listener is stuck or lost.</summary>
    private async Task<bool> DeliverAsync(HeldListener held, ListenerBatch batch)
    {
        while (true)
        {
            // A user may have paused it, or a server taken it over, since the lease was renewed.
            if (!await services.Store.RenewAsync(held.Lease, _options.LeaseDuration, held.Lost))
            {
                return false;
            }

            var result = await _listener.HandleAsync(batch, held.Lost);
            if (result.Outcome == CallOutcome.Done)
            {
                held.Failures = 0;
                return true;
            }

            held.Lost.ThrowIfCancellationRequested();
            var pause = PauseAfter(held.Failures);
            services.Metrics.Failed(loaded.Name, result.Outcome);
            if (await services.Store.FailAsync(held.Lease, result.Error!, pause, held.Lost) is not { } failures)
            {
                return false;
            }

            held.Failures = failures;
            Log.Failed(services.Logger, loaded.Name, batch.Events[0].Event.EventId, failures, pause, result.Error!);
            if (_listener.IsStuck)
            {
                return false;
            }

            await Task.Delay(pause, services.Time, held.Lost);
        }
    }

    /// <summary>Grows with the failures before this one, never beyond the limit: what a listener sends to may be away for days.</summary>
    private TimeSpan PauseAfter(int failures)
    {
        var pause = _options.RetryMin * Math.Pow(2, Math.Min(failures, 30));
        return pause < _options.RetryMax ? pause : _options.RetryMax;
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 5071, Message = "Listener {Listener} cannot be run; trying again: {Reason}")]
        internal static partial void Broken(ILogger logger, LogLevel level, string listener, string reason);

        [LoggerMessage(5072, LogLevel.Information, "Runs listener {Listener}, epoch {Epoch}")]
        internal static partial void Took(ILogger logger, string listener, long epoch);

        [LoggerMessage(5073, LogLevel.Warning, "Listener {Listener} did not take events from {FirstEvent} on, failure {Failures} in a row, tried again after {Pause}: {Reason}")]
        internal static partial void Failed(ILogger logger, string listener, string firstEvent, int failures, TimeSpan pause, string reason);

        [LoggerMessage(5075, LogLevel.Error, "Listener {Listener} was too far behind: events it had not taken were dropped after Journal.RetentionDays")]
        internal static partial void Gap(ILogger logger, string listener);

        [LoggerMessage(5076, LogLevel.Warning, "Listener {Listener} was not disposed: {Reason}")]
        internal static partial void NotDisposed(ILogger logger, string listener, string? reason);
    }
}
