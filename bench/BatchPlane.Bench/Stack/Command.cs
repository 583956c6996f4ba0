using System.ComponentModel;
using System.Diagnostics;

namespace BatchPlane.Bench.Stack;

/// <summary>Runs programs to their end.</summary>
internal static class Command
{
    /// <summary>What it wrote to its standard output; its errors go where ours go.</summary>
    /// <exception cref="BenchFailure">It is missing, or failed.</exception>
    internal static async Task<string> RunAsync(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> variables, string? directory, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, WorkingDirectory = directory ?? "" };
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Start(start);
        try
        {
            var output = await process.StandardOutput.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode == 0 ? output : throw new BenchFailure($"{program} failed with exit code {process.ExitCode}: {output}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new BenchFailure($"{start.FileName} cannot be started: {exception.Message}");
        }
    }
}
