using System.Diagnostics.Metrics;
using BatchPlane.Server.Dispatch;

namespace BatchPlane.Server.Events;

/// <summary>Counts of live streams, meter <c>BatchPlane</c>. Names: docs/telemetry.md.</summary>
internal sealed class EventMetrics
{
    private readonly Counter<long> _cutOff;

    public EventMetrics(IMeterFactory meters) =>
        _cutOff = meters.Create(DispatchMetrics.MeterName).CreateCounter<long>("batchplane.streams.cut_off", "{stream}", "Streams of events that were ended because their reader was too slow");

    internal void CutOff() => _cutOff.Add(1);
}
