using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Messages;
using BatchPlane.Core.Redelivery;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Server.Dispatch.Bus;

namespace BatchPlane.Server.Dispatch;

/// <summary>
/// Does what redeliveries ask of one shard, while its lease lasts: beside the delivery of fresh events, on a channel of its own, so that neither waits for the other.
/// After each step that the broker answered, cursor, counts and exceptions are stored under the lease's epoch; whatever ends it, the next holder goes on there, and
/// at most that step's messages come twice.
/// </summary>
internal sealed partial class ShardRedelivery(ShardLease lease, DispatchServices services, Func<bool> maySend)
{
    private static readonly TimeSpan RetryMin = TimeSpan.FromMilliseconds(50);

    private readonly MessageContextStore _contexts = new(services.DataSource, services.Time);
    private readonly Backoff _retry = new(RetryMin, services.Options.RetryMax);

    /// <summary>Runs until it is stopped. Never faults.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        using var sender = new EventSender(services, maySend, stop);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var isAtRest = !maySend() || await services.Redeliveries.NextAsync(lease.Shard, stop) is not { } work || !await WorkAsync(work, sender, stop);
                if (isAtRest)
                {
                    await Task.Delay(services.Options.RedeliveryInterval, services.Time, stop);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                await PauseAsync(fault, stop);
            }
        }
    }

    private async Task PauseAsync(Exception fault, CancellationToken stop)
    {
        var isExpected = BrokerConnection.IsOutage(fault) || ExpectedFaults.IsTransient(fault);
        Log.BeginsAgain(services.Logger, isExpected ? LogLevel.Debug : LogLevel.Error, isExpected ? null : fault, lease.Shard, fault.Message);
        try
        {
            await Task.Delay(_retry.Next(), services.Time, stop);
        }
        catch (OperationCanceledException)
        {
            // Stopping: the caller looks.
        }
    }

    /// <summary>Goes through one redelivery on one channel. False when the shard cannot go on with it now: it was taken over, or the wish was withdrawn.</summary>
    private async Task<bool> WorkAsync(RedeliveryWork work, EventSender sender, CancellationToken stop)
    {
        await services.Readiness.WaitAsync(stop);
        await using var channel = await PublishChannel.OpenAsync(services.Broker, services.Time, services.Options, default, stop);
        sender.BeginChannel(channel);
        sender.RedeliveredAt = work.CreatedAt;
        while (maySend() && services.Readiness.IsReady)
        {
            var rows = await services.Redeliveries.PageAsync(lease.Shard, work, services.Options.PageSize, stop);
            var contexts = await _contexts.LoadAsync(rows, stop);
            sender.Addressed = await services.Subscriptions.ListAddressedAsync(stop);
            var pass = new RedeliveryPass(
                work,
                rows,
                await LeadAsync(work, rows, sender.Addressed, stop),
                contexts,
                isLast: rows.Count < services.Options.PageSize,
                services.Options.PageSize);
            await SendAsync(pass, channel, sender, contexts);
            channel.Ledger.Checkpoint(default);
            await channel.WaitAsync(0);
            if (channel.Ledger.Fault is { Fault: not PublishFault.None } fault)
            {
                sender.CountRefusals(channel.Ledger.Refused);
                throw new IOException($"{fault.Fault}: {fault.Reason}");
            }

            var result = pass.Result(channel.Ledger.TakeConfirmed().Exceptions);
            sender.Answered(result.Exceptions);
            if (!await services.Redeliveries.MoveAsync(work, lease.Shard, lease.Epoch, result, stop))
            {
                return false;
            }

            _retry.Reset();
            services.Metrics.Exceptions(result.Exceptions);
            if (result.Skipped > 0)
            {
                Log.Skipped(services.Logger, work.RedeliveryId, result.Skipped, lease.Shard);
            }

            if (result.IsDone)
            {
                Log.Done(services.Logger, work.RedeliveryId, lease.Shard);
                return true;
            }

            work = work with { Cursor = result.Cursor };
        }

        return false;
    }

    /// <summary>Which messages of a page are wanted, and where.</summary>
    private async Task<IRedeliveryLead> LeadAsync(RedeliveryWork work, IReadOnlyList<OutboxRow> rows, AddressedSubscriptions addressed, CancellationToken stop)
    {
        var limit = services.Options.PageSize;
        if (work.IsToSubscriptions)
        {
            return new LeadToSubscriptions(work, await services.Redeliveries.DeadLettersAsync(work, rows, limit, stop), addressed);
        }

        return new LeadToTopics(work, work.OnlyState is null ? null : await services.Redeliveries.ExceptionsAsync(work, rows, limit, stop));
    }

    private async Task SendAsync(RedeliveryPass pass, PublishChannel channel, EventSender sender, MessageContexts contexts)
    {
        foreach (var journalEvent in pass.Events())
        {
            if (!await sender.SendAsync(channel, journalEvent, contexts, pass) || !maySend())
            {
                return;
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 5061, Message = "Redelivery of shard {Shard} begins again from its cursor ({Reason})")]
        internal static partial void BeginsAgain(ILogger logger, LogLevel level, Exception? exception, short shard, string reason);

        [LoggerMessage(5063, LogLevel.Warning, "Redelivery {RedeliveryId} passed over {Count} events in shard {Shard}: their jobs or environments are gone")]
        internal static partial void Skipped(ILogger logger, string redeliveryId, long count, short shard);

        [LoggerMessage(5062, LogLevel.Information, "Redelivery {RedeliveryId} is done in shard {Shard}")]
        internal static partial void Done(ILogger logger, string redeliveryId, short shard);
    }
}
