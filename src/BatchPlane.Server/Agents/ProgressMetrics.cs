using System.Diagnostics.Metrics;
using BatchPlane.Core.Jobs;
using BatchPlane.Server.Dispatch;

namespace BatchPlane.Server.Agents;

/// <summary>Counts of what attempts posted, meter <c>BatchPlane</c>. Names: docs/telemetry.md.</summary>
internal sealed class ProgressMetrics
{
    private readonly Counter<long> _posts;
    private readonly Counter<long> _events;
    private readonly Counter<long> _droppedEvents;
    private readonly Counter<long> _badLines;

    public ProgressMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(DispatchMetrics.MeterName);
        _posts = meter.CreateCounter<long>("batchplane.progress.posts", "{post}", "Percentages and messages taken from attempts");
        _events = meter.CreateCounter<long>("batchplane.progress.events", "{event}", "Custom events taken from attempts");
        _droppedEvents = meter.CreateCounter<long>("batchplane.progress.dropped_events", "{event}", "Custom events over the limits");
        _badLines = meter.CreateCounter<long>("batchplane.progress.bad_lines", "{line}", "Posted lines that could not be understood");
    }

    /// <summary>A report was committed.</summary>
    internal void Took(ProgressIntake intake)
    {
        _posts.Add(intake.Posts);
        _events.Add(intake.Events);
        _droppedEvents.Add(intake.DroppedEvents);
        _badLines.Add(intake.BadLines);
    }
}
