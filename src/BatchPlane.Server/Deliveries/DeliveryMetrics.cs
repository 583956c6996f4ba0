using System.Diagnostics.Metrics;
using BatchPlane.Contracts;
using BatchPlane.Server.Dispatch;

namespace BatchPlane.Server.Deliveries;

/// <summary>Counts of the deliverer, meter <c>BatchPlane</c>. Names: docs/telemetry.md.</summary>
internal sealed class DeliveryMetrics
{
    private readonly Counter<long> _tries;
    private readonly Counter<long> _disabled;
    private readonly Counter<long> _fallen;
    private readonly Histogram<double> _duration;

    public DeliveryMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(DispatchMetrics.MeterName);
        _tries = meter.CreateCounter<long>("batchplane.deliveries.results", "{delivery}", "Results of deliveries to webhooks and mail, by protocol and state");
        _disabled = meter.CreateCounter<long>("batchplane.deliveries.disabled", "{subscription}", "Subscriptions disabled because their endpoint is gone or failed for too long");
        _fallen = meter.CreateCounter<long>("batchplane.deliveries.fallen", "{message}", "Messages that fell out of the queues of webhooks and mail, by reason");
        _duration = meter.CreateHistogram<double>("batchplane.deliveries.duration", "s", "How long a try took, by protocol");
    }

    internal void Result(SubscriptionProtocol protocol, DeliveryState state) =>
        _tries.Add(1, KeyValuePair.Create("protocol", (object?)Name(protocol)), KeyValuePair.Create("state", (object?)Core.WireName.Of(state)));

    internal void Tried(SubscriptionProtocol protocol, TimeSpan took) => _duration.Record(took.TotalSeconds, KeyValuePair.Create("protocol", (object?)Name(protocol)));

    internal void Disabled() => _disabled.Add(1);

    internal void Fallen(string reason) => _fallen.Add(1, KeyValuePair.Create("reason", (object?)reason));

    private static string Name(SubscriptionProtocol protocol) => Core.WireName.Of(protocol);
}
