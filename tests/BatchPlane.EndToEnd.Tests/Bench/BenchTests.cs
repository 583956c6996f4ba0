using System.Diagnostics;
using System.Text.Json;

namespace BatchPlane.EndToEnd.Tests.Bench;

/// <summary>The benchmarks run and print sane figures; how fast anything is, is not tested.</summary>
public sealed class BenchTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [Theory]
    [InlineData("instances", "rate")]
    [InlineData("submit-array", "submit")]
    public async Task QuickRun_PrintsItsFiguresWithTheHeadlineLast(string bench, string headline)
    {
        var (exitCode, lines, errors) = await RunAsync(bench, "--quick");

        Assert.True(exitCode == 0, errors);
        var figures = lines.Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.NotEmpty(figures);
        Assert.All(figures, figure => Assert.Equal(bench, figure.GetProperty("bench").GetString()));
        Assert.All(figures, figure => Assert.NotEqual("", figure.GetProperty("unit").GetString()));
        Assert.All(figures, figure => Assert.True(figure.GetProperty("value").GetDouble() >= 0, figure.ToString()));
        Assert.All(figures, figure => Assert.True(figure.TryGetProperty("ratio", out _) && figure.TryGetProperty("peer", out _) && figure.TryGetProperty("peer_value", out _), figure.ToString()));
        Assert.Equal(headline, figures[^1].GetProperty("figure").GetString());
        Assert.True(figures[^1].GetProperty("value").GetDouble() > 0, figures[^1].ToString());
    }

    [Fact]
    public async Task UnknownName_IsRefusedWithTheNamesThereAre()
    {
        var (exitCode, lines, errors) = await RunAsync("nothing");

        Assert.Equal(2, exitCode);
        Assert.Empty(lines);
        Assert.Contains("submit-array", errors, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string[] Lines, string Errors)> RunAsync(params string[] arguments)
    {
        using var over = new CancellationTokenSource(Limit);
        using var process = Process.Start(new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "BatchPlane.Bench"), [.. arguments, "--batchplane", Path.Combine(AppContext.BaseDirectory, "batchplane")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            var errors = process.StandardError.ReadToEndAsync(over.Token);
            var output = await process.StandardOutput.ReadToEndAsync(over.Token);
            await process.WaitForExitAsync(over.Token);
            return (process.ExitCode, output.Split('\n', StringSplitOptions.RemoveEmptyEntries), await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
