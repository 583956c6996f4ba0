using System.Threading.Channels;
using BatchPlane.Core.Database;
using BatchPlane.Core.Notifications;
using BatchPlane.Server.Dispatch;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Deliveries;

/// <summary>
/// Stores results of deliveries, all that came while the transaction before was under way in the next one. Disables what has failed for too long. A message is acknowledged only when its
/// result is stored, so what is shown is never behind; while PostgreSQL is away deliveries wait for it.
/// </summary>
internal sealed partial class DeliveryRecorder(
    DeliveryStore store,
    SubscriptionDisabler disabler,
    IOptions<DeliveryOptions> options,
    TimeProvider time,
    ILogger<DeliveryRecorder> logger) : BackgroundService
{
    private static readonly TimeSpan RetryMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RetryMax = TimeSpan.FromSeconds(5);

    // Bounded by what deliverers have prefetched.
    private readonly Channel<Waiting> _waiting = Channel.CreateUnbounded<Waiting>(new() { SingleReader = true });

    /// <summary>Returns when the result is stored.</summary>
    internal async Task RecordAsync(DeliveryResult result, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(result);
        await _waiting.Writer.WriteAsync(waiting, cancellationToken);
        await waiting.Stored.Task.WaitAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _waiting.Reader.WaitToReadAsync(stoppingToken))
            {
                var batch = new List<Waiting>();
                while (batch.Count < options.Value.MaxBatch && _waiting.Reader.TryRead(out var waiting))
                {
                    batch.Add(waiting);
                }

                await StoreAsync(batch, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is not stored is not acknowledged either, and delivered again.
        }
    }

    private async Task StoreAsync(List<Waiting> batch, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(RetryMin, RetryMax);
        while (true)
        {
            try
            {
                var failing = await store.StoreAsync([.. batch.Select(waiting => waiting.Result)], cancellationToken);
                foreach (var waiting in batch)
                {
                    waiting.Stored.SetResult();
                }

                await DisableAsync(failing, cancellationToken);
                return;
            }
            catch (Exception fault) when (ExpectedFaults.IsTransient(fault))
            {
                if (backoff.IsFresh)
                {
                    Log.Waiting(logger, fault.Message);
                }

                await Task.Delay(backoff.Next(), time, cancellationToken);
            }
        }
    }

    private async Task DisableAsync(IReadOnlyList<FailingSubscription> failing, CancellationToken cancellationToken)
    {
        var longest = time.GetUtcNow() - options.Value.DisableAfter;
        foreach (var subscription in failing.Where(subscription => subscription.Since < longest))
        {
            await disabler.DisableAsync(subscription.SubscriptionId, $"failed without one success since {subscription.Since.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}", longest, cancellationToken);
        }
    }

    private sealed record Waiting(DeliveryResult Result)
    {
        internal TaskCompletionSource Stored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private static partial class Log
    {
        [LoggerMessage(5042, LogLevel.Warning, "Results of deliveries cannot be stored now, deliveries wait: {Reason}")]
        internal static partial void Waiting(ILogger logger, string reason);
    }
}
