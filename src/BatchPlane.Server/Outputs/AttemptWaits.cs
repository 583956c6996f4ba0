using BatchPlane.Contracts;
using BatchPlane.Core.Outputs;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Outputs;

/// <summary>Tells followers that wait for an attempt when there is news of it. However many wait, a server asks once in each interval, for all of them.</summary>
internal sealed partial class AttemptWaits(OutputStore records, IOptions<OutputOptions> options, TimeProvider time, ILogger<AttemptWaits> logger) : BackgroundService
{
    private readonly Lock _gate = new();
    private readonly Dictionary<AttemptRef, Awaited> _awaited = [];

    /// <summary>Completes when the attempt, or a later one, is there, or when its instance or task has ended or is gone: the caller looks which.</summary>
    internal async Task WaitAsync(AttemptRef attempt, CancellationToken cancellationToken)
    {
        Awaited? awaited;
        lock (_gate)
        {
            if (!_awaited.TryGetValue(attempt, out awaited))
            {
                _awaited.Add(attempt, awaited = new());
            }

            awaited.Waiters++;
        }

        try
        {
            await awaited.News.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (_gate)
            {
                awaited.Waiters--;
                if (awaited.Waiters == 0 && _awaited.TryGetValue(attempt, out var now) && now == awaited)
                {
                    _awaited.Remove(attempt);
                }
            }
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(options.Value.FollowSeconds), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // They wait on: the next look tells the same.
                Log.LookFailed(logger, exception);
            }
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        List<AttemptRef> awaited;
        lock (_gate)
        {
            awaited = [.. _awaited.Keys];
        }

        if (awaited.Count == 0)
        {
            return;
        }

        foreach (var attempt in await records.NewsOfAsync(awaited, cancellationToken))
        {
            lock (_gate)
            {
                if (_awaited.Remove(attempt, out var found))
                {
                    found.News.SetResult();
                }
            }
        }
    }

    private sealed class Awaited
    {
        internal TaskCompletionSource News { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Guarded by the lock of <see cref="AttemptWaits"/>.</summary>
        internal int Waiters { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(2013, LogLevel.Warning, "It could not be asked whether awaited attempts are there; trying again")]
        internal static partial void LookFailed(ILogger logger, Exception exception);
    }
}
