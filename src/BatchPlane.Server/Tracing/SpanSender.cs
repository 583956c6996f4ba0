using System.Diagnostics;
using OpenTelemetry;

namespace BatchPlane.Server.Tracing;

/// <summary>
/// Keeps the spans of one source that ended, and sends them when it is told to, so that it is known whether they were taken: in requests of at most so many, which are halved when a collector refuses
/// them, down to the one span that it does not want. What it took of spans that are sent again after a failure is not sent a second time.
/// </summary>
/// <param name="exporter">Sends.</param>
/// <param name="collector">Knows how that was answered.</param>
/// <param name="source">Whose spans.</param>
/// <param name="maxSpans">Spans of a request.</param>
/// <param name="onRefused">Called with each span that is given up.</param>
internal sealed class SpanSender(BaseExporter<Activity> exporter, CollectorHandler collector, ActivitySource source, int maxSpans, Action<Activity> onRefused) : BaseExportProcessor<Activity>(exporter)
{
    private readonly List<Activity> _spans = [];

    /// <summary>Events whose spans need not be sent again while those about them are.</summary>
    private readonly HashSet<string> _done = new(StringComparer.Ordinal);

    internal void Clear() => _spans.Clear();

    /// <summary>Sends what was kept. False: not all of it was taken, and the rest may be later.</summary>
    internal bool Send(CancellationToken cancellationToken)
    {
        foreach (var some in _spans.Where(span => !_done.Contains(EventOf(span))).Chunk(maxSpans))
        {
            if (!Send(some, cancellationToken))
            {
                return false;
            }
        }

        _done.Clear();
        return true;
    }

    /// <inheritdoc/>
    protected override void OnExport(Activity data)
    {
        if (ReferenceEquals(data.Source, source))
        {
            _spans.Add(data);
        }
    }

    private bool Send(Activity[] spans, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var isTaken = exporter.Export(new Batch<Activity>(spans, spans.Length)) == ExportResult.Success;
        if (!isTaken && collector.LastRefusal != Refusal.NotNow && spans.Length > 1)
        {
            var half = spans.Length / 2;
            return Send(spans[..half], cancellationToken) && Send(spans[half..], cancellationToken);
        }

        if (!isTaken && collector.LastRefusal == Refusal.Never)
        {
            onRefused(spans[0]);
        }
        else if (!isTaken)
        {
            return false;
        }

        _done.UnionWith(spans.Select(EventOf));
        return true;
    }

    private static string EventOf(Activity span) => (string)span.GetTagItem(JobSpans.EventId)!;
}
