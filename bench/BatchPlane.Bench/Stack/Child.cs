using System.Diagnostics;

namespace BatchPlane.Bench.Stack;

/// <summary>A server or agent: the real executable in a session of its own, its output in a file.</summary>
internal sealed class Child : IAsyncDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly string _log;

    private Child(Process process, string log)
    {
        _process = process;
        _log = log;
    }

    internal int Pid => _process.Id;

    /// <summary>Starts it; none of the caller's own settings are inherited.</summary>
    internal static Child Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> variables, string log)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", "log=$1; shift; exec setsid \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", log, program, .. arguments]);
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("BATCHPLANE_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        return new Child(Process.Start(start)!, log);
    }

    /// <summary>Throws when it has ended, with the end of its log.</summary>
    /// <exception cref="BenchFailure">It has ended.</exception>
    internal void MustRun()
    {
        if (_process.HasExited)
        {
            throw new BenchFailure($"a process ended with {_process.ExitCode}; the end of its log:\n{string.Join('\n', File.ReadLines(_log).TakeLast(20))}");
        }
    }

    /// <summary>Ends it without a warning; what it started goes on.</summary>
    internal void Kill() => _process.Kill();

    /// <summary>Asks it to end, then makes it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = Native.Kill(_process.Id, Native.SigTerm);
            using var limit = new CancellationTokenSource(StopLimit);
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }
}
