using System.Diagnostics.Metrics;
using BatchPlane.Core.Journal;
using BatchPlane.Server.Dispatch;

namespace BatchPlane.Server.Loops;

/// <summary>What the keeper of the journal found, meter <c>BatchPlane</c>. Names: docs/telemetry.md.</summary>
internal sealed class JournalMetrics
{
    private readonly Counter<long> _moved;
    private readonly Gauge<long> _left;

    public JournalMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(DispatchMetrics.MeterName);
        _moved = meter.CreateCounter<long>("batchplane.journal.moved", "{row}", "Rows of the journal that were moved out of the default partition");
        _left = meter.CreateGauge<long>("batchplane.journal.misplaced", "{row}", "Rows of the journal that lie in the default partition");
    }

    internal void Misplaced(JournalPartitions partitions)
    {
        _moved.Add(partitions.Moved);
        _left.Record(partitions.Left);
    }
}
