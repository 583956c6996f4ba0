using System.Text.Json;

namespace BatchPlane.Bench.Tests;

/// <summary>The benchmarks of the engine in their quick form.</summary>
public sealed class EngineBenches()
    : QuickBenches("instances", "processes", "submit-array", "submit-jobs", "depth", "held-snapshot", "memory", "logs", "nodes", "wal", "two-servers");

/// <summary>The benchmarks of events and of the façade in their quick form.</summary>
public sealed class EventBenches() : QuickBenches("dispatch", "event-latency", "fan-out", "broker-down", "webhooks", "tencent");

/// <summary>Benchmarks in their quick form, once for all tests of a class.</summary>
public abstract class QuickBenches(params string[] names) : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("batchplane-bench-test-");

    internal IReadOnlyList<string> Names => names;

    internal BenchRun Run { get; private set; } = null!;

    internal IReadOnlyList<JsonElement> Figures { get; private set; } = [];

    internal string ResultsFile => Path.Combine(_directory.FullName, "results.md");

    public async Task InitializeAsync()
    {
        Run = await BenchRun.OfAsync([.. names, "--quick", "--results", ResultsFile]);
        Figures = [.. Run.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
    }

    public Task DisposeAsync()
    {
        _directory.Delete(recursive: true);
        return Task.CompletedTask;
    }
}
