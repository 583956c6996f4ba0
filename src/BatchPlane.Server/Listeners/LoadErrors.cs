using BatchPlane.Core.Database;

namespace BatchPlane.Server.Listeners;

/// <summary>What this server could not load, shown to users for as long as it lives.</summary>
internal sealed partial class LoadErrors(ListenerServices services)
{
    /// <summary>Says it, and that the server lives until it is stopped.</summary>
    internal async Task<Task> ShowAsync(IReadOnlyDictionary<string, string> errors, CancellationToken starting, CancellationToken stopping)
    {
        await services.Store.AddLoadErrorsAsync(services.Holder, errors, services.Options.LeaseDuration, starting);
        return errors.Count == 0 ? Task.CompletedTask : Task.Run(() => KeepAsync(stopping), CancellationToken.None);
    }

    private async Task KeepAsync(CancellationToken stopping)
    {
        var lease = services.Options.LeaseDuration;
        while (!stopping.IsCancellationRequested)
        {
            await TryAsync(cancellation => services.Store.RenewLoadErrorsAsync(services.Holder, lease, cancellation));
            await Task.WhenAny(Task.Delay(lease / 3, services.Time, stopping));
        }

        await TryAsync(cancellation => services.Store.RemoveLoadErrorsAsync(services.Holder, cancellation));
    }

    /// <summary>What fails is not shown for a while, or for a lease too long.</summary>
    private async Task TryAsync(Func<CancellationToken, Task> act)
    {
        using var limit = new CancellationTokenSource(services.Options.LeaseDuration, services.Time);
        try
        {
            await act(limit.Token);
        }
        catch (Exception fault) when (fault is OperationCanceledException || ExpectedFaults.IsTransient(fault))
        {
            Log.NotShown(services.Logger, fault.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5082, LogLevel.Warning, "What could not be loaded may not be shown now: {Reason}")]
        internal static partial void NotShown(ILogger logger, string reason);
    }
}
