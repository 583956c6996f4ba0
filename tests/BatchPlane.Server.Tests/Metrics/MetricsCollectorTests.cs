using System.Diagnostics.Metrics;
using BatchPlane.Contracts;
using BatchPlane.Server.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tests.Metrics;

/// <summary>The text format, line by line.</summary>
public sealed class MetricsCollectorTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    private IMeterFactory Meters => _services.GetRequiredService<IMeterFactory>();

    public void Dispose() => _services.Dispose();

    [Fact]
    public async Task Instruments_AreToldByKind()
    {
        using var collector = await StartAsync(maxSeries: 10);
        var meter = Meters.Create("BatchPlane");
        meter.CreateCounter<long>("batchplane.some.things", "{thing}", "Things \\ counted\nhere").Add(3);
        var lag = meter.CreateHistogram<double>("batchplane.some.lag", "s", "How late");
        lag.Record(0.02);
        lag.Record(1000);
        meter.CreateObservableGauge("batchplane.some.depth", () => 7, "{item}", "How deep");

        var lines = Lines(collector);

        Assert.Equal(["# HELP batchplane_some_depth How deep", "# TYPE batchplane_some_depth gauge", "batchplane_some_depth 7"], lines[..3]);
        Assert.Equal(["# HELP batchplane_some_lag_seconds How late", "# TYPE batchplane_some_lag_seconds histogram", "batchplane_some_lag_seconds_bucket{le=\"0.005\"} 0"], lines[3..6]);
        Assert.Contains("batchplane_some_lag_seconds_bucket{le=\"0.025\"} 1", lines);
        Assert.Contains("batchplane_some_lag_seconds_bucket{le=\"300\"} 1", lines);
        Assert.Contains("batchplane_some_lag_seconds_bucket{le=\"+Inf\"} 2", lines);
        Assert.Contains("batchplane_some_lag_seconds_sum 1000.02", lines);
        Assert.Contains("batchplane_some_lag_seconds_count 2", lines);
        Assert.Equal(["# HELP batchplane_some_things_total Things \\\\ counted\\nhere", "# TYPE batchplane_some_things_total counter", "batchplane_some_things_total 3"], lines[^3..]);
    }

    [Fact]
    public async Task Tags_AreEscapedAndTheirNumberIsLimited()
    {
        using var collector = await StartAsync(maxSeries: 2);
        var counter = Meters.Create("BatchPlane").CreateCounter<long>("batchplane.tagged", null, "By name");
        foreach (var name in new[] { "a\"b\\c\nd", "plain", "third", "fourth", "plain" })
        {
            counter.Add(1, KeyValuePair.Create("the.name", (object?)name));
        }

        Assert.Equal(
            ["batchplane_tagged_total{the_name=\"a\\\"b\\\\c\\nd\"} 1", "batchplane_tagged_total{the_name=\"other\"} 2", "batchplane_tagged_total{the_name=\"plain\"} 2"],
            Lines(collector)[2..].Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task MetersOfOthers_AreNotTold()
    {
        using var collector = await StartAsync(maxSeries: 10);
        using var others = new ServiceCollection().AddMetrics().BuildServiceProvider();
        others.GetRequiredService<IMeterFactory>().Create("BatchPlane").CreateCounter<long>("batchplane.elsewhere").Add(1);
        Meters.Create("Other").CreateCounter<long>("other").Add(1);

        Assert.Empty(Lines(collector));
    }

    [Fact]
    public async Task EndsOfAttempts_AreCountedWithoutTheRefused()
    {
        using var collector = await StartAsync(maxSeries: 10);
        var metrics = new AttemptMetrics(Meters);

        metrics.Took(
            new ReportRequest
            {
                Epoch = 1,
                Tasks = [new TaskReport
                {
                    JobId = "job-00000001",
                    TaskId = 1,
                    Attempts =
                    [
                        new() { Index = 0, Attempt = 1, Outcome = AttemptOutcome.Exited, ExitCode = 0, Usage = new(1_500, 16 * 1024) },
                        new() { Index = 1, Attempt = 1, Outcome = AttemptOutcome.Exited, ExitCode = 0, Usage = new(9_000, 1) },
                        new() { Index = 2, Attempt = 1, Outcome = AttemptOutcome.StartFailed },
                        new() { Index = 3, Attempt = 1, Outcome = AttemptOutcome.Running },
                    ],
                }],
            },
            [new AttemptRef(1, 1, 1)]);

        var lines = Lines(collector);
        Assert.Contains("batchplane_attempts_cpu_seconds_total 1.5", lines);
        Assert.Equal("01", Buckets(lines, "batchplane_attempts_cpu_time_seconds", "1", "10"));
        Assert.Equal("01", Buckets(lines, "batchplane_attempts_peak_memory_bytes", "4194304", "16777216"));
        Assert.Contains("batchplane_attempts_peak_memory_bytes_sum 16777216", lines);
        Assert.Equal(
            ["batchplane_attempts_ended_total{outcome=\"exited\"} 1", "batchplane_attempts_ended_total{outcome=\"start_failed\"} 1"],
            lines.Where(line => line.StartsWith("batchplane_attempts_ended_total{", StringComparison.Ordinal)));
    }

    private async Task<MetricsCollector> StartAsync(int maxSeries)
    {
        var collector = new MetricsCollector(Meters, Options.Create(new MetricsOptions { MaxSeries = maxSeries }));
        await collector.StartAsync(CancellationToken.None);
        return collector;
    }

    private static string Buckets(string[] lines, string name, params string[] bounds) =>
        string.Concat(bounds.Select(bound => lines.Single(line => line.StartsWith($"{name}_bucket{{le=\"{bound}\"}} ", StringComparison.Ordinal)).Split(' ')[^1]));

    private static string[] Lines(MetricsCollector collector)
    {
        var text = new PrometheusText();
        collector.WriteTo(text);
        return text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
