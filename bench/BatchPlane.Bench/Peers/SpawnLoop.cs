using System.Diagnostics;
using System.Runtime.InteropServices;

namespace BatchPlane.Bench.Peers;

/// <summary>What the system itself can do: start a program with captured output, read it to its end, take the status; four at a time.</summary>
internal static unsafe partial class SpawnLoop
{
    internal const string Name = "bare posix_spawn";
    private const int CloseOnExec = 0x80000;
    private const int OpaqueBytes = 512;

    /// <summary>Processes a second.</summary>
    /// <exception cref="BenchFailure">The system refuses.</exception>
    internal static double Rate(string program, int count, int parallel)
    {
        var begin = Stopwatch.GetTimestamp();
        var left = count;
        var failed = 0;
        var threads = Enumerable.Range(0, parallel).Select(_ => new Thread(() =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                if (!RunOne(program))
                {
                    Interlocked.Increment(ref failed);
                }
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        var rate = count / Stopwatch.GetElapsedTime(begin).TotalSeconds;
        BenchContext.Say(FormattableString.Invariant($"  {Name}, {count} processes: {rate:0} a second"));
        return failed == 0 ? rate : throw new BenchFailure($"{failed} of {count} processes did not run");
    }

    private static bool RunOne(string program)
    {
        var pipe = stackalloc int[2];
        if (Pipe(pipe, CloseOnExec) != 0)
        {
            return false;
        }

        var actions = stackalloc byte[OpaqueBytes];
        _ = FileActionsInit(actions);
        _ = FileActionsAddDup(actions, pipe[1], 1);
        _ = FileActionsAddDup(actions, pipe[1], 2);
        var path = (byte*)Marshal.StringToCoTaskMemUTF8(program);
        var arguments = stackalloc byte*[2];
        arguments[0] = path;
        arguments[1] = null;
        var variables = stackalloc byte*[1];
        variables[0] = null;
        var error = PosixSpawn(out var pid, path, actions, null, arguments, variables);
        _ = FileActionsDestroy(actions);
        _ = Close(pipe[1]);
        var buffer = stackalloc byte[OpaqueBytes];
        while (error == 0 && Read(pipe[0], buffer, OpaqueBytes) > 0)
        {
        }

        _ = Close(pipe[0]);
        Marshal.FreeCoTaskMem((nint)path);
        return error == 0 && WaitPid(pid, out var status, 0) == pid && status == 0;
    }

    [LibraryImport("libc", EntryPoint = "pipe2")]
    private static partial int Pipe(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int descriptor, byte* buffer, nint size);

    [LibraryImport("libc", EntryPoint = "waitpid")]
    private static partial int WaitPid(int pid, out int status, int options);

    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    private static partial int PosixSpawn(out int pid, byte* path, void* actions, void* attributes, byte** arguments, byte** variables);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int FileActionsInit(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int FileActionsDestroy(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int FileActionsAddDup(void* actions, int from, int to);
}
