using System.Diagnostics.Metrics;
using BatchPlane.Contracts;
using BatchPlane.Server.Dispatch;

namespace BatchPlane.Server.Metrics;

/// <summary>Counts of attempts that ended and what they used, meter <c>BatchPlane</c>. Names: docs/telemetry.md.</summary>
internal sealed class AttemptMetrics
{
    private const double MillisecondsPerSecond = 1_000;
    private const double BytesPerKib = 1_024;
    private const double Mib = 1_024 * BytesPerKib;
    private const double Gib = 1_024 * Mib;

    // From what starts and ends to what runs for days; from a small program to a large machine.
    private static readonly InstrumentAdvice<double> CpuBounds = new() { HistogramBucketBoundaries = [0.01, 0.1, 1, 10, 60, 300, 1_800, 7_200, 28_800, 86_400] };
    private static readonly InstrumentAdvice<double> MemoryBounds = new() { HistogramBucketBoundaries = [4 * Mib, 16 * Mib, 64 * Mib, 256 * Mib, Gib, 4 * Gib, 16 * Gib, 64 * Gib, 256 * Gib] };

    private readonly Counter<long> _ended;
    private readonly Counter<double> _cpu;
    private readonly Histogram<double> _cpuTime;
    private readonly Histogram<double> _peakMemory;

    public AttemptMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(DispatchMetrics.MeterName);
        _ended = meter.CreateCounter<long>("batchplane.attempts.ended", "{attempt}", "Ends of attempts that agents reported and the server took, by outcome; a repeated report counts again");
        _cpu = meter.CreateCounter<double>("batchplane.attempts.cpu", "s", "Processor time of the attempts that ended");
        _cpuTime = meter.CreateHistogram("batchplane.attempts.cpu_time", "s", "Processor time of an attempt", tags: null, CpuBounds);
        _peakMemory = meter.CreateHistogram("batchplane.attempts.peak_memory", "By", "Most memory that an attempt held", tags: null, MemoryBounds);
    }

    /// <summary>A report was committed, but for what was refused.</summary>
    internal void Took(ReportRequest request, IReadOnlyList<AttemptRef> refused)
    {
        var notTaken = refused.ToHashSet();
        foreach (var task in request.Tasks)
        {
            var ended = task.Attempts.Where(attempt => attempt.Outcome != AttemptOutcome.Running && !notTaken.Contains(new(task.TaskId, attempt.Index, attempt.Attempt))).ToList();
            foreach (var outcome in ended.GroupBy(attempt => attempt.Outcome))
            {
                _ended.Add(outcome.Count(), KeyValuePair.Create("outcome", (object?)JsonName(outcome.Key)));
            }

            foreach (var usage in ended.Select(attempt => attempt.Usage).OfType<ResourceUsage>())
            {
                _cpuTime.Record(Math.Max(0, usage.CpuMs) / MillisecondsPerSecond);
                _peakMemory.Record(Math.Max(0, usage.PeakMemoryKib) * BytesPerKib);
            }

            if (ended.Sum(attempt => Math.Max(0, attempt.Usage?.CpuMs ?? 0)) is > 0 and var used)
            {
                _cpu.Add(used / MillisecondsPerSecond);
            }
        }
    }

    private static string JsonName(AttemptOutcome outcome) => System.Text.Json.JsonSerializer.SerializeToElement(outcome, BatchPlaneJson.Options).GetString()!;
}
