using System.Collections.Concurrent;
using System.Diagnostics;
using BatchPlane.Cli.Dev;

namespace BatchPlane.EndToEnd.Tests.Stack;

/// <summary>The real executable as a real process, with what it wrote so far.</summary>
internal sealed class BatchPlaneProcess : IDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();

    private BatchPlaneProcess(Process process) => _process = process;

    public int Pid => _process.Id;

    public bool HasEnded => _process.HasExited;

    /// <summary>Both outputs, interleaved as they came.</summary>
    public string Output => string.Join('\n', _lines);

    /// <summary>Path of the executable.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "batchplane");

    public static BatchPlaneProcess Start(string directory, params string[] args) => StartBy(Program, directory, args);

    /// <summary>Starts it with variables besides those of this process.</summary>
    public static BatchPlaneProcess StartWith(IReadOnlyDictionary<string, string> variables, string directory, params string[] args) => Start(Program, directory, args, variables);

    /// <summary>Starts it by way of a program that becomes it.</summary>
    public static BatchPlaneProcess StartBy(string program, string directory, params string[] args) => Start(program, directory, args, new Dictionary<string, string>());

    private static BatchPlaneProcess Start(string program, string directory, string[] args, IReadOnlyDictionary<string, string> variables)
    {
        var start = new ProcessStartInfo(program, args)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        var run = new BatchPlaneProcess(new Process { StartInfo = start });
        run._process.OutputDataReceived += (_, line) => run.Add(line.Data);
        run._process.ErrorDataReceived += (_, line) => run.Add(line.Data);
        run._process.Start();
        run._process.BeginOutputReadLine();
        run._process.BeginErrorReadLine();
        return run;
    }

    /// <summary>Waits for the end; past the limit the test fails with everything that was written.</summary>
    public async Task<int> ExitCodeAsync(TimeSpan limit)
    {
        using var over = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(over.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            throw new TimeoutException($"still running after {limit}:\n{Output}");
        }
    }

    /// <summary>What Ctrl-C and a supervisor do.</summary>
    public void Terminate() => Posix.Signal(Pid, Posix.SigTerm);

    public void Dispose() => _process.Dispose();

    private void Add(string? line)
    {
        if (line is not null)
        {
            _lines.Enqueue(line);
        }
    }
}
