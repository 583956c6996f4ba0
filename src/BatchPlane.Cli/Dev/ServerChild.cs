using System.Diagnostics;
using System.Globalization;
using BatchPlane.Cli.Hosting;

namespace BatchPlane.Cli.Dev;

/// <summary>
/// The server of a stack: the same executable as a child in a session of its own, so that Ctrl-C on the terminal reaches
/// only <c>batchplane dev</c>, which then stops things in order. Its output goes straight to a file and outlives its parent.
/// </summary>
internal sealed class ServerChild : IDisposable
{
    private const string VariablePrefix = "BATCHPLANE_";
    private const int SignalBase = 128;
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly ProcessRecord? _record;
    private readonly ServerFiles _files;

    private ServerChild(Process process, ServerFiles files)
    {
        _process = process;
        _files = files;
        _record = ProcessRecord.Of(process.Id);
        _record?.Write(files.PidFile);
    }

    /// <summary>Process id.</summary>
    internal int Pid => _process.Id;

    /// <summary>True once it ended.</summary>
    internal bool HasEnded => _process.HasExited;

    /// <summary>How it ended: an exit code or a signal, in words.</summary>
    internal string HowEnded => _process.ExitCode > SignalBase
        ? string.Create(CultureInfo.InvariantCulture, $"killed by signal {_process.ExitCode - SignalBase}")
        : string.Create(CultureInfo.InvariantCulture, $"exit code {_process.ExitCode}");

    /// <summary>Starts a server with exactly these settings; of the caller's environment it inherits only options, what is said of listeners, and what is passed on to agents.</summary>
    internal static ServerChild Start(ServerFiles files, IReadOnlyDictionary<string, string> settings)
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        string[] arguments =
        [
            "-c", "log=$1; shift; exec setsid \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", files.LogFile, .. Executable.CommandLine(), "server",
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith(VariablePrefix, StringComparison.Ordinal) && !ServerVariables.IsPassedOn(name)).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        return new ServerChild(Process.Start(start)!, files);
    }

    /// <summary>Stops a server that an earlier <c>batchplane dev</c> left behind when it was killed.</summary>
    internal static async Task StopLeftoverAsync(ServerFiles files, IProgress<string> say, TimeProvider time)
    {
        if (ProcessRecord.Read(files.PidFile) is { IsRunning: true } leftover)
        {
            say.Report(string.Create(CultureInfo.InvariantCulture, $"stopping the server that was left behind (process {leftover.Pid})"));
            await leftover.StopAsync(StopGrace, time);
        }

        File.Delete(files.PidFile);
    }

    /// <summary>Waits for its end.</summary>
    internal Task WaitForExitAsync(CancellationToken cancellation) => _process.WaitForExitAsync(cancellation);

    /// <summary>Stops it: SIGTERM, then SIGKILL. Its agents are left alone.</summary>
    internal async Task StopAsync(TimeProvider time)
    {
        if (_record is not null && !HasEnded)
        {
            await _record.StopAsync(StopGrace, time);
        }

        await _process.WaitForExitAsync();
        File.Delete(_files.PidFile);
    }

    /// <inheritdoc />
    public void Dispose() => _process.Dispose();
}

/// <summary>Files of a stack's server.</summary>
/// <param name="Directory">Directory of the stack.</param>
internal sealed record ServerFiles(string Directory)
{
    /// <summary>Its standard output and error.</summary>
    internal string LogFile => Path.Combine(Directory, "server.log");

    /// <summary>A <see cref="ProcessRecord"/>.</summary>
    internal string PidFile => Path.Combine(Directory, "server.pid");

    /// <summary>Its data directory.</summary>
    internal string DataDirectory => Path.Combine(Directory, "server");

    /// <summary>Keeps the log of the last run beside the new one.</summary>
    internal void RotateLog()
    {
        if (File.Exists(LogFile))
        {
            File.Move(LogFile, LogFile + ".1", overwrite: true);
        }
    }

    /// <summary>The end of the log, for a message about a server that did not start.</summary>
    internal string LogTail()
    {
        const int Lines = 20;
        return File.Exists(LogFile) ? string.Join(Environment.NewLine, File.ReadLines(LogFile).TakeLast(Lines)) : "(no log)";
    }
}
