using System.Diagnostics;

namespace BatchPlane.Bench.Tests;

/// <summary>The program of the benchmarks, run to its end.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Lines">Its standard output.</param>
/// <param name="Errors">Its standard error.</param>
internal sealed record BenchRun(int ExitCode, string[] Lines, string Errors)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);

    internal static async Task<BenchRun> OfAsync(params string[] arguments)
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
            return new(process.ExitCode, output.Split('\n', StringSplitOptions.RemoveEmptyEntries), await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
