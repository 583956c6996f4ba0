using System.ComponentModel;
using System.Diagnostics;

namespace BatchPlane.LocalServices.Processes;

/// <summary>How to start one server process.</summary>
internal sealed record ServiceCommand
{
    /// <summary>Program and arguments.</summary>
    internal required IReadOnlyList<string> Command { get; init; }

    /// <summary>Account it runs as.</summary>
    internal required ServiceAccount Account { get; init; }

    /// <summary>Its whole environment besides <c>PATH</c> and the locale; nothing is inherited.</summary>
    internal IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Directory it starts in; the account must be able to reach it.</summary>
    internal required string WorkingDirectory { get; init; }

    /// <summary>File that receives its output, appended.</summary>
    internal required string LogFile { get; init; }

    /// <summary>File in which the process notes who it is; see <see cref="ProcessIdentity.Load"/>.</summary>
    internal required string IdentityFile { get; init; }
}

/// <summary>
/// A server process that outlives a crash of ours and can be found again. It runs in a session of its own, so that Ctrl-C in
/// our terminal does not reach it, writes straight to its log file, so that it does not depend on us reading a pipe, and
/// notes its identity before it becomes the server, so that there is no instant at which it runs unknown.
/// </summary>
internal sealed class ServiceProcess
{
    private const string SearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private const string Launcher =
        """cat /proc/$$/stat /proc/sys/kernel/random/boot_id >"$1" && log=$2 && shift 2 && exec "$@" </dev/null >>"$log" 2>&1""";

    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(10);

    private readonly ProcessIdentity _identity;

    private ServiceProcess(ProcessIdentity identity) => _identity = identity;

    internal int ProcessId => _identity.ProcessId;

    internal bool IsRunning => _identity.IsRunning;

    /// <summary>Processor time used so far in clock ticks; 0 when it has ended.</summary>
    internal ulong ProcessorTicks => ProcessTable.Read(ProcessId)?.ProcessorTicks ?? 0;

    /// <exception cref="LocalServiceException">The program cannot be run at all.</exception>
    internal static ServiceProcess Start(ServiceCommand command)
    {
        var start = StartInfo(command.Environment, command.WorkingDirectory);
        start.FileName = "/bin/sh";
        IEnumerable<string> arguments =
        [
            "-c", Launcher, "sh", command.IdentityFile, command.LogFile,
            "setsid", .. command.Account.CommandPrefix, .. command.Command,
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            using var process = Process.Start(start)!;
            return ProcessIdentity.Of(process.Id) is { } identity
                ? new ServiceProcess(identity)
                : throw new LocalServiceException($"{command.Command[0]} ended at once.{LogTail.Of(command.LogFile)}");
        }
        catch (Win32Exception exception)
        {
            throw new LocalServiceException($"{command.Command[0]} cannot be run: {exception.Message}", exception);
        }
    }

    /// <summary>The process that noted its identity in this file, when it still runs.</summary>
    internal static ServiceProcess? FindRunning(string identityFile) =>
        ProcessIdentity.Load(identityFile) is { IsRunning: true } identity ? new ServiceProcess(identity) : null;

    /// <summary>Runs a command to its end.</summary>
    /// <exception cref="LocalServiceException">It failed; the message holds its output.</exception>
    internal static Task RunAsync(
        IReadOnlyList<string> command,
        ServiceAccount account,
        string workingDirectory,
        IReadOnlyDictionary<string, string> environment,
        CancellationToken cancellationToken) => OutputAsync(command, account, workingDirectory, environment, cancellationToken);

    /// <summary>Runs a command to its end; what it wrote to its standard output.</summary>
    /// <exception cref="LocalServiceException">It failed; the message holds its output.</exception>
    internal static async Task<string> OutputAsync(
        IReadOnlyList<string> command,
        ServiceAccount account,
        string workingDirectory,
        IReadOnlyDictionary<string, string> environment,
        CancellationToken cancellationToken)
    {
        var words = account.CommandPrefix.Concat(command).ToList();
        var start = StartInfo(environment, workingDirectory);
        start.FileName = words[0];
        foreach (var word in words.Skip(1))
        {
            start.ArgumentList.Add(word);
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode != 0)
            {
                throw new LocalServiceException(
                    $"{command[0]} failed with exit code {process.ExitCode}:\n{await output}{await errors}".TrimEnd());
            }

            return await output;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    internal void Signal(int signal)
    {
        if (IsRunning)
        {
            LinuxCalls.Signal(ProcessId, signal);
        }
    }

    /// <returns>False when it still runs after <paramref name="limit"/>.</returns>
    internal Task<bool> WaitForExitAsync(TimeSpan limit, CancellationToken cancellationToken) =>
        Polling.UntilAsync(() => !IsRunning, limit, cancellationToken);

    /// <summary>SIGKILL for the process and everything below it; returns when all of them are gone.</summary>
    /// <exception cref="LocalServiceException">Something survived, which takes a hung kernel call.</exception>
    internal async Task KillTreeAsync()
    {
        // Held still first: a process that keeps forking could slip a child past the snapshot.
        Signal(LinuxCalls.Stop);
        await KillAllAsync(IsRunning ? ProcessTable.Tree(ProcessId) : []);
    }

    /// <inheritdoc cref="KillTreeAsync"/>
    internal static async Task KillAllAsync(IReadOnlyCollection<ProcessIdentity> processes)
    {
        foreach (var process in processes.Where(process => process.IsRunning))
        {
            LinuxCalls.Signal(process.ProcessId, LinuxCalls.Kill);
        }

        if (!await Polling.UntilAsync(() => processes.All(process => !process.IsRunning), KillLimit, CancellationToken.None))
        {
            var survivors = string.Join(", ", processes.Where(process => process.IsRunning).Select(process => process.ProcessId));
            throw new LocalServiceException($"Processes survived SIGKILL: {survivors}.");
        }
    }

    private static ProcessStartInfo StartInfo(IReadOnlyDictionary<string, string> environment, string workingDirectory)
    {
        var start = new ProcessStartInfo
        {
            WorkingDirectory = workingDirectory,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = SearchPath;
        start.Environment["LC_ALL"] = "C.UTF-8";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }
}
