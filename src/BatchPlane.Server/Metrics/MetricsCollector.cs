using System.Diagnostics.Metrics;
using BatchPlane.Server.Dispatch;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Metrics;

/// <summary>
/// Keeps what the instruments of meter <c>BatchPlane</c> measured since the process began, for <c>/metrics</c>. Those of other installations in
/// the same process, as in tests, are not told apart: a meter belongs to its factory.
/// </summary>
internal sealed class MetricsCollector : IHostedService, IDisposable
{
    private const string Other = "other";

    /// <summary>Upper bounds of histograms that say nothing else, in seconds.</summary>
    private static readonly double[] Bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Family> _families = new(StringComparer.Ordinal);
    private readonly int _maxSeries;
    private readonly IMeterFactory _meters;

    public MetricsCollector(IMeterFactory meters, IOptions<MetricsOptions> options)
    {
        _meters = meters;
        _maxSeries = options.Value.MaxSeries;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == DispatchMetrics.MeterName && ReferenceEquals(instrument.Meter.Scope, _meters))
            {
                listener.EnableMeasurementEvents(instrument, FamilyOf(instrument));
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, family) => Take(family, value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, family) => Take(family, value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, family) => Take(family, value, tags));
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _listener.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _listener.Dispose();

    /// <summary>Writes all families by name.</summary>
    internal void WriteTo(PrometheusText text)
    {
        _listener.RecordObservableInstruments();
        lock (_gate)
        {
            foreach (var (name, family) in _families)
            {
                text.Family(name, family.Kind, family.Help);
                foreach (var series in family.Series.Values)
                {
                    Write(text, name, family, series);
                }
            }
        }
    }

    private static void Write(PrometheusText text, string name, Family family, Series series)
    {
        if (family.Kind != MetricKind.Histogram)
        {
            text.Sample(name, series.Labels, series.Sum);
            return;
        }

        var count = 0L;
        for (var n = 0; n <= family.Bounds.Count; n++)
        {
            count += series.Counts[n];
            var bound = n < family.Bounds.Count ? family.Bounds[n] : double.PositiveInfinity;
            text.Sample(name + "_bucket", series.Labels.Append(new("le", PrometheusText.Number(bound))), count);
        }

        text.Sample(name + "_sum", series.Labels, series.Sum);
        text.Sample(name + "_count", series.Labels, count);
    }

    private Family FamilyOf(Instrument instrument)
    {
        var kind = KindOf(instrument);
        var name = PrometheusText.NameOf(instrument.Name, instrument.Unit, kind);
        lock (_gate)
        {
            if (!_families.TryGetValue(name, out var family))
            {
                _families[name] = family = new(kind, instrument.Description ?? instrument.Name, instrument.IsObservable, (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries ?? Bounds);
                if (!instrument.IsObservable && kind != MetricKind.Gauge)
                {
                    // Told as zero before anything happened, so that a rate sees the first time. Those with tags get their series as they come.
                    family.Series[""] = new([], family.Bounds.Count);
                }
            }

            return family;
        }
    }

    private static MetricKind KindOf(Instrument instrument)
    {
        var type = instrument.GetType();
        var kind = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        return kind == typeof(Histogram<>) ? MetricKind.Histogram
            : kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>) ? MetricKind.Counter
            : MetricKind.Gauge;
    }

    private void Take(object? state, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var family = (Family)state!;
        var labels = new KeyValuePair<string, string>[tags.Length];
        for (var n = 0; n < tags.Length; n++)
        {
            labels[n] = new(PrometheusText.LabelOf(tags[n].Key), tags[n].Value?.ToString() ?? "");
        }

        lock (_gate)
        {
            SeriesOf(family, labels).Add(value, family);
        }
    }

    private Series SeriesOf(Family family, KeyValuePair<string, string>[] labels)
    {
        if (labels.Length > 0)
        {
            family.Series.Remove("");
        }

        var key = string.Join('\u0001', labels.Select(label => $"{label.Key}\u0002{label.Value}"));
        if (family.Series.TryGetValue(key, out var series))
        {
            return series;
        }

        if (family.Series.Count >= _maxSeries)
        {
            labels = [.. labels.Select(label => KeyValuePair.Create(label.Key, Other))];
            key = Other;
            if (family.Series.TryGetValue(key, out series))
            {
                return series;
            }
        }

        return family.Series[key] = new(labels, family.Bounds.Count);
    }

    private sealed record Family(MetricKind Kind, string Help, bool IsObserved, IReadOnlyList<double> Bounds)
    {
        internal SortedDictionary<string, Series> Series { get; } = new(StringComparer.Ordinal);
    }

    private sealed class Series(KeyValuePair<string, string>[] labels, int bounds)
    {
        internal IReadOnlyList<KeyValuePair<string, string>> Labels => labels;

        internal double Sum { get; private set; }

        internal long[] Counts { get; } = new long[bounds + 1];

        internal void Add(double value, Family family)
        {
            if (family.Kind == MetricKind.Histogram)
            {
                var bucket = 0;
                while (bucket < family.Bounds.Count && value > family.Bounds[bucket])
                {
                    bucket++;
                }

                Counts[bucket]++;
                Sum += value;
            }
            else
            {
                // What is observed is told as it is, not as what was added.
                Sum = family.IsObserved || family.Kind == MetricKind.Gauge ? value : Sum + value;
            }
        }
    }
}
