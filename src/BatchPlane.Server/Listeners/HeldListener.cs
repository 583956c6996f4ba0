using BatchPlane.Core.Database;
using BatchPlane.Core.Listeners;

namespace BatchPlane.Server.Listeners;

/// <summary>
/// A listener while this server has it: renews the lease, whatever the listener does meanwhile, and says when it is lost. By this server's clock it ends before the database's does, since that counts
/// from a later moment. Disposing gives it back.
/// </summary>
internal sealed partial class HeldListener : IAsyncDisposable
{
    private readonly ListenerServices _services;
    private readonly CancellationTokenSource _lost;
    private readonly CancellationTokenRegistration _stopping;
    private readonly Task _renewing;

    /// <summary>Begins to hold a lease that was asked for at <paramref name="since"/>, a timestamp of the services' clock.</summary>
    internal HeldListener(ListenerLease lease, long since, ListenerServices services, CancellationToken stopping)
    {
        Lease = lease;
        Failures = lease.Failures;
        _services = services;
        _lost = new(Timeout.InfiniteTimeSpan, services.Time);
        Lost = _lost.Token;
        LoseAfterLease(since);
        _stopping = stopping.UnsafeRegister(static lost => ((CancellationTokenSource)lost!).Cancel(), _lost);
        _renewing = Task.Run(RenewAsync, CancellationToken.None);
    }

    /// <summary>What every write about it carries.</summary>
    internal ListenerLease Lease { get; }

    /// <summary>Calls that failed since the last that did not.</summary>
    internal int Failures { get; set; }

    /// <summary>Cancelled when it is this server's no more, or the server stops.</summary>
    internal CancellationToken Lost { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.DisposeAsync();
        await _lost.CancelAsync();
        await _renewing;
        _lost.Dispose();
        using var limit = new CancellationTokenSource(_services.Options.LeaseDuration, _services.Time);
        try
        {
            await _services.Store.ReleaseAsync(Lease, limit.Token);
        }
        catch (Exception fault) when (fault is OperationCanceledException || ExpectedFaults.IsTransient(fault))
        {
            Log.NotReleased(_services.Logger, Lease.Name, fault.Message);
        }
    }

    private async Task RenewAsync()
    {
        var duration = _services.Options.LeaseDuration;
        while (!Lost.IsCancellationRequested)
        {
            await Task.WhenAny(Task.Delay(duration / 3, _services.Time, Lost));
            var now = _services.Time.GetTimestamp();
            try
            {
                if (!Lost.IsCancellationRequested && !await _services.Store.RenewAsync(Lease, duration, Lost))
                {
                    await _lost.CancelAsync();
                }

                LoseAfterLease(now);
            }
            catch (Exception) when (Lost.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Whatever it is, the lease runs out if it lasts.
            catch (Exception fault)
#pragma warning restore CA1031
            {
                Log.NotRenewed(_services.Logger, Lease.Name, fault.Message);
            }
        }
    }

    /// <summary>Unless it is renewed, it is lost a lease after <paramref name="since"/>, be it that a renewal hangs.</summary>
    private void LoseAfterLease(long since)
    {
        var left = _services.Options.LeaseDuration - _services.Time.GetElapsedTime(since);
        _lost.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
    }

    private static partial class Log
    {
        [LoggerMessage(5077, LogLevel.Warning, "Could not give listener {Listener} back; another server takes it when the lease runs out: {Reason}")]
        internal static partial void NotReleased(ILogger logger, string listener, string reason);

        [LoggerMessage(5078, LogLevel.Warning, "The lease of listener {Listener} was not renewed: {Reason}")]
        internal static partial void NotRenewed(ILogger logger, string listener, string reason);
    }
}
