using System.Diagnostics.Metrics;
using BatchPlane.Server.Dispatch;

namespace BatchPlane.Server.Listeners;

/// <summary>Counts of what listeners took and refused, meter <c>BatchPlane</c>. Names: docs/telemetry.md.</summary>
internal sealed class ListenerMetrics
{
    private readonly Counter<long> _events;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _gaps;
    private readonly Counter<long> _refusedSpans;

    public ListenerMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(DispatchMetrics.MeterName);
        _events = meter.CreateCounter<long>("batchplane.listeners.events", "{event}", "Events that listeners took, by listener");
        _failures = meter.CreateCounter<long>("batchplane.listeners.failures", "{call}", "Calls of listeners that failed, by listener and kind: error, timeout");
        _gaps = meter.CreateCounter<long>("batchplane.listeners.gaps", "{gap}", "Times that a listener was so far behind that events were dropped before it took them, by listener");
        _refusedSpans = meter.CreateCounter<long>("batchplane.tracing.refused_spans", "{span}", "Spans that were given up because the collector of OpenTelemetry refused them");
    }

    internal void Handled(string listener, int events) => _events.Add(events, KeyValuePair.Create("listener", (object?)listener));

    internal void Failed(string listener, CallOutcome outcome) =>
        _failures.Add(1, KeyValuePair.Create("listener", (object?)listener), KeyValuePair.Create("kind", (object?)(outcome == CallOutcome.TimedOut ? "timeout" : "error")));

    internal void RefusedSpan() => _refusedSpans.Add(1);

    internal void Gap(string listener) => _gaps.Add(1, KeyValuePair.Create("listener", (object?)listener));
}
