using System.Diagnostics.Metrics;
using BatchPlane.Core.Journal;

namespace BatchPlane.Server.Dispatch;

/// <summary>Counts of the dispatcher, meter <c>BatchPlane</c>. Names: docs/telemetry.md.</summary>
internal sealed class DispatchMetrics
{
    internal const string MeterName = "BatchPlane";

    private readonly Counter<long> _published;
    private readonly Counter<long> _unrouted;
    private readonly Counter<long> _failed;
    private readonly Counter<long> _dead;
    private readonly Counter<long> _faults;
    private readonly Histogram<double> _lag;

    public DispatchMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _published = meter.CreateCounter<long>("batchplane.dispatch.published", "{message}", "Messages handed to the broker, repeats included");
        _unrouted = meter.CreateCounter<long>("batchplane.dispatch.unrouted", "{message}", "Messages that no queue was bound for");
        _failed = meter.CreateCounter<long>("batchplane.dispatch.failed", "{message}", "Messages given up");
        _dead = meter.CreateCounter<long>("batchplane.dispatch.dead", "{message}", "Copies that did not get into the queues of their subscriptions");
        _faults = meter.CreateCounter<long>("batchplane.dispatch.faults", "{fault}", "Times a shard began again from its cursor");
        _lag = meter.CreateHistogram<double>("batchplane.dispatch.lag", "s", "Age of the newest event of a page when it is sent");
    }

    internal void Published() => _published.Add(1);

    internal void Exceptions(IReadOnlyList<DeliveryException> exceptions)
    {
        if (exceptions.Count > 0)
        {
            var dead = exceptions.Count(exception => exception.SubscriptionId is not null);
            var unrouted = exceptions.Count(exception => exception is { SubscriptionId: null, Outcome: DeliveryOutcome.Unrouted });
            _dead.Add(dead);
            _unrouted.Add(unrouted);
            _failed.Add(exceptions.Count - unrouted - dead);
        }
    }

    internal void Fault() => _faults.Add(1);

    internal void Lag(TimeSpan age) => _lag.Record(Math.Max(0, age.TotalSeconds));
}
