using System.Text.Json;

namespace BatchPlane.Bench.Tests;

/// <summary>All benchmarks in their quick form, once for all tests of a class.</summary>
public sealed class QuickBenches : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("batchplane-bench-test-");

    internal BenchRun Run { get; private set; } = null!;

    internal IReadOnlyList<JsonElement> Figures { get; private set; } = [];

    internal string ResultsFile => Path.Combine(_directory.FullName, "results.md");

    public async Task InitializeAsync()
    {
        Run = await BenchRun.OfAsync("all", "--quick", "--results", ResultsFile);
        Figures = [.. Run.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
    }

    public Task DisposeAsync()
    {
        _directory.Delete(recursive: true);
        return Task.CompletedTask;
    }
}
