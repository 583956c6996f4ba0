using System.Diagnostics.Metrics;
using BatchPlane.Server.Dispatch;

namespace BatchPlane.Server.Loops;

/// <summary>What looking at the invariants of the database found, meter <c>BatchPlane</c>. Names: docs/telemetry.md.</summary>
internal sealed class InvariantMetrics
{
    private readonly Gauge<long> _violations;
    private readonly Counter<long> _unchecked;

    public InvariantMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(DispatchMetrics.MeterName);
        _violations = meter.CreateGauge<long>("batchplane.invariants.violations", "{violation}", "Violations found when an invariant of the database was looked at last");
        _unchecked = meter.CreateCounter<long>("batchplane.invariants.unchecked", "{check}", "Times that an invariant of the database could not be looked at to the end");
    }

    internal void Violations(string invariant, long count) => _violations.Record(count, KeyValuePair.Create<string, object?>("invariant", invariant));

    internal void Unchecked() => _unchecked.Add(1);
}
