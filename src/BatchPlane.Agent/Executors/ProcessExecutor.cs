using System.Runtime.InteropServices;

namespace BatchPlane.Agent.Executors;

/// <summary>
/// Runs attempts as processes of this machine: each the leader of an own session, with default signal handling, no file of the agent
/// open, standard input empty and both outputs written by the kernel straight to files.
/// </summary>
/// <remarks><c>posix_spawn</c> shares the agent's memory until the program is loaded, so a start costs the same however large the agent is.</remarks>
internal sealed unsafe class ProcessExecutor : IAttemptExecutor
{
    private const string Shell = "/bin/sh";
    private const uint OutputMode = 0x1A4; // 0644
    private const int FirstInheritedFd = 3;

    private readonly ProcessLedger _ledger;
    private readonly ProcessReaper _reaper = new();
    private readonly void* _attributes;
    private bool _hasCloseFrom = true;

    /// <exception cref="PlatformNotSupportedException">The kernel lacks what is needed.</exception>
    internal ProcessExecutor(ProcessLedger ledger)
    {
        _ledger = ledger;
        _attributes = MakeAttributes();
    }

    public StartResult Start(Launch launch)
    {
        var environment = launch.Environment ?? AttemptEnvironment.Make(launch);
        var run = launch.Claim.Run;
        var argv = launch.Argv ?? (run.Argv is { Count: > 0 } ? run.Argv : [Shell, "-c", run.Command ?? ""]);
        if (argv.Any(HasNul) || environment.Any(variable => HasNul(variable.Key) || HasNul(variable.Value)))
        {
            return StartResult.Failed("the command or an environment variable holds a NUL character");
        }

        var program = ProgramLookup.Find(argv[0], environment["PATH"], launch.Paths.Directory, out var failure);
        return program is null ? StartResult.Failed(failure!) : Spawn(program, argv, environment, launch.Paths);
    }

    public void Dispose()
    {
        _reaper.Dispose();
        NativeMemory.Free(_attributes);
    }

    private static bool HasNul(string text) => text.Contains('\0', StringComparison.Ordinal);

    private StartResult Spawn(string program, IReadOnlyList<string> argv, IReadOnlyDictionary<string, string> environment, AttemptPaths paths)
    {
        using var strings = new NativeStrings(SizeOf(program, argv, environment, paths));
        var arguments = strings.AddArray(argv.Count);
        for (var i = 0; i < argv.Count; i++)
        {
            arguments[i] = strings.Add(argv[i]);
        }

        var variables = strings.AddArray(environment.Count);
        var next = 0;
        foreach (var (name, value) in environment)
        {
            variables[next++] = strings.Add($"{name}={value}");
        }

        var actions = stackalloc byte[Native.OpaqueBytes];
        _ = Native.FileActionsInit(actions);
        try
        {
            AddActions(actions, strings, paths);
            var earliest = Native.BootTicks();
            var error = Native.PosixSpawn(out var pid, strings.Add(program), actions, _attributes, arguments, variables);
            return error == 0 ? Adopt(pid, earliest) : StartResult.Failed(Explain(program, paths, error));
        }
        finally
        {
            _ = Native.FileActionsDestroy(actions);
        }
    }

    private static int SizeOf(string program, IReadOnlyList<string> argv, IReadOnlyDictionary<string, string> environment, AttemptPaths paths) =>
        NativeStrings.SizeOf(program) + NativeStrings.SizeOf(paths.Directory) + NativeStrings.SizeOf(paths.Stdout.Path) + NativeStrings.SizeOf(paths.Stderr.Path)
        + NativeStrings.SizeOf("/dev/null")
        + NativeStrings.SizeOf(argv.Count) + argv.Sum(NativeStrings.SizeOf)
        + NativeStrings.SizeOf(environment.Count) + environment.Sum(variable => NativeStrings.SizeOf(variable.Key) + NativeStrings.SizeOf(variable.Value) + 1);

    // The output files take appended writes, so that a command that truncates /dev/stdout leaves no hole in front of what follows.
    private void AddActions(void* actions, NativeStrings strings, AttemptPaths paths)
    {
        _ = Native.FileActionsAddChdir(actions, strings.Add(paths.Directory));
        _ = Native.FileActionsAddOpen(actions, 0, strings.Add("/dev/null"), Native.OpenReadOnly, 0);
        _ = Native.FileActionsAddOpen(actions, 1, strings.Add(paths.Stdout.Path), Native.OpenOutput, OutputMode);
        _ = Native.FileActionsAddOpen(actions, 2, strings.Add(paths.Stderr.Path), Native.OpenOutput, OutputMode);
        if (!_hasCloseFrom)
        {
            return;
        }

        try
        {
            _ = Native.FileActionsAddCloseFrom(actions, FirstInheritedFd);
        }
        catch (EntryPointNotFoundException)
        {
            // Older C libraries: the agent's own files are close-on-exec anyway, only what its parent left open goes on to children.
            _hasCloseFrom = false;
        }
    }

    private StartResult Adopt(int pid, long earliest)
    {
        var pidFd = Native.PidFdOpen(pid);
        if (pidFd < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            _ = Native.Kill(-pid, Native.SigKill);
            _ = Native.WaitPid(pid, out _, 0);
            return StartResult.Failed($"cannot watch the started process: {Native.Describe(error)}");
        }

        _ledger.Started(pid, earliest, Native.BootTicks());
        return StartResult.Began(new ProcessExecution(pid, pidFd, _reaper, _ledger));
    }

    private static string Explain(string program, AttemptPaths paths, int error)
    {
        var words = $"cannot start '{program}': {Native.Describe(error)}";
        if (!Directory.Exists(paths.Directory))
        {
            return $"{words}: the working directory {paths.Directory} is missing";
        }

        return error switch
        {
            Native.Enoent when File.Exists(Path.Combine(paths.Directory, program)) => $"{words}: the interpreter in its first line is missing",
            Native.Eacces when Directory.Exists(Path.Combine(paths.Directory, program)) => $"{words}: it is a directory",
            _ => words,
        };
    }

    private static void* MakeAttributes()
    {
        var attributes = NativeMemory.AllocZeroed(Native.OpaqueBytes);
        var set = stackalloc byte[Native.OpaqueBytes];
        _ = Native.AttributesInit(attributes);
        _ = Native.SigEmptySet(set);
        _ = Native.AttributesSetSigMask(attributes, set);
        _ = Native.SigFillSet(set);
        _ = Native.AttributesSetSigDefault(attributes, set);
        _ = Native.AttributesSetFlags(attributes, Native.SpawnSetSid | Native.SpawnSetSigDef | Native.SpawnSetSigMask);
        return attributes;
    }
}
