namespace BatchPlane.Server.Loops;

/// <summary>Waits until the server answers requests: hosted services begin before that.</summary>
internal static class ApplicationStart
{
    /// <summary>Returns when the server answers requests, or is to stop.</summary>
    internal static async Task WhenStartedAsync(this IHostApplicationLifetime lifetime, CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
