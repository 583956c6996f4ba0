using System.Diagnostics.Metrics;
using BatchPlane.Contracts;
using BatchPlane.Server.Dispatch;

namespace BatchPlane.Server.Metrics;

/// <summary>Counts of attempts that ended and what they used, meter <c>BatchPlane</c>. Names: docs/telemetry.md.</summary>
internal sealed class AttemptMetrics
{
    private const double MillisecondsPerSecond = 1_000;

    private readonly Counter<long> _ended;
    private readonly Counter<double> _cpu;

    public AttemptMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(DispatchMetrics.MeterName);
        _ended = meter.CreateCounter<long>("batchplane.attempts.ended", "{attempt}", "Ends of attempts that agents reported and the server took, by outcome; a repeated report counts again");
        _cpu = meter.CreateCounter<double>("batchplane.attempts.cpu", "s", "Processor time of the attempts that ended");
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

            if (ended.Sum(attempt => Math.Max(0, attempt.Usage?.CpuMs ?? 0)) is > 0 and var used)
            {
                _cpu.Add(used / MillisecondsPerSecond);
            }
        }
    }

    private static string JsonName(AttemptOutcome outcome) => System.Text.Json.JsonSerializer.SerializeToElement(outcome, BatchPlaneJson.Options).GetString()!;
}
