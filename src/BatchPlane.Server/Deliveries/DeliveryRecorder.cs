using System.Threading.Channels;
using BatchPlane.Core.Database;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Dispatch;
using Microsoft.Extensions.Options;
using Npgsql;

namespace BatchPlane.Server.Deliveries;

/// <summary>
/// Stores results of deliveries, all that came while the transaction before was under way in the next one. A message is acknowledged only when its result is stored, so what is shown is never
/// behind; while PostgreSQL is away, or takes nothing, deliveries wait for it. A result that PostgreSQL refuses for what is in it fails alone.
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

    /// <summary>Returns when the result is stored. False: it never can be, and the log says why.</summary>
    internal async Task<bool> RecordAsync(DeliveryResult result, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(result);
        await _waiting.Writer.WriteAsync(waiting, cancellationToken);
        return await waiting.Stored.Task.WaitAsync(cancellationToken);
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
                disabler.Look(await store.StoreAsync([.. batch.Select(waiting => waiting.Result)], cancellationToken));
                batch.ForEach(waiting => waiting.Stored.SetResult(true));
                return;
            }
            catch (Exception fault) when (IsOfAResult(fault))
            {
                await StoreApartAsync(batch, fault, cancellationToken);
                return;
            }
            catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                // Whatever it is, it must not end the server.
                if (backoff.IsFresh)
                {
                    Log.Waiting(logger, ExpectedFaults.IsTransient(fault) ? LogLevel.Warning : LogLevel.Error, fault.Message);
                }

                await Task.Delay(backoff.Next(), time, cancellationToken);
            }
        }
    }

    /// <summary>Halves a batch until the result that cannot be stored is alone.</summary>
    private async Task StoreApartAsync(List<Waiting> batch, Exception fault, CancellationToken cancellationToken)
    {
        if (batch is [var refused])
        {
            Log.Refused(logger, refused.Result.SubscriptionId, refused.Result.SubjectId, refused.Result.Sequence, fault.Message);
            refused.Stored.SetResult(false);
            return;
        }

        var half = batch.Count / 2;
        await StoreAsync(batch[..half], cancellationToken);
        await StoreAsync(batch[half..], cancellationToken);
    }

    /// <summary>True when another try cannot help: PostgreSQL or its client does not take what is in a result (data exceptions, violated constraints, text that is none).</summary>
    private static bool IsOfAResult(Exception fault) => fault switch
    {
        PostgresException { SqlState: ['2', '2' or '3', ..] } => true,
        ArgumentException or InvalidCastException or OverflowException => true,
        _ => false,
    };

    private sealed record Waiting(DeliveryResult Result)
    {
        internal TaskCompletionSource<bool> Stored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 5042, Message = "Results of deliveries cannot be stored now, deliveries wait: {Reason}")]
        internal static partial void Waiting(ILogger logger, LogLevel level, string reason);

        [LoggerMessage(5047, LogLevel.Error, "The result of {SubjectId}:{Sequence} at subscription {SubscriptionId} cannot be stored: {Reason}")]
        internal static partial void Refused(ILogger logger, string subscriptionId, string subjectId, long sequence, string reason);
    }
}
