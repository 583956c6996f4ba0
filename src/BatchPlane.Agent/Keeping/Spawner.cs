using System.Runtime.InteropServices;
using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Limits;
using BatchPlane.Agent.Sessions;

namespace BatchPlane.Agent.Keeping;

/// <summary>A <see cref="SpawnOrder"/> as the keeper reads it: arguments and environment stay in the frame.</summary>
internal sealed record ReceivedOrder(
    AttemptKey Key, byte[] Note, string Mark, string Program, string Directory, string Stdout, string Stderr, LimitOrder Limits, StringBlock Argv, StringBlock Environment, byte[] Content)
{
    internal static ReceivedOrder Read(FrameReader frame) =>
        new(frame.Key(), frame.Bytes(), frame.Text(), frame.Text(), frame.Text(), frame.Text(), frame.Text(), LimitOrder.Read(frame), frame.Strings(), frame.Strings(), frame.Content);
}

/// <summary>
/// Starts processes: each the leader of an own session, with default signal handling, no file of the keeper open, standard input empty and
/// both outputs written by the kernel straight to files. Safe for threads.
/// </summary>
/// <remarks><c>posix_spawn</c> shares the memory of the caller until the program is loaded, so a start costs the same however large the caller is.</remarks>
internal sealed unsafe class Spawner : IDisposable
{
    private const uint OutputMode = 0x1A4; // 0644
    private const int FirstInheritedFd = 3;

    private readonly void* _attributes = MakeAttributes();
    private bool _hasCloseFrom = true;

    /// <summary>Starts a process. Null, or why it could not be, for the author of the job.</summary>
    internal string? Spawn(ReceivedOrder order, out int pid)
    {
        using var strings = new NativeStrings(
            NativeStrings.SizeOf(order.Program) + NativeStrings.SizeOf(order.Directory) + NativeStrings.SizeOf(order.Stdout) + NativeStrings.SizeOf(order.Stderr)
            + NativeStrings.SizeOf("/dev/null") + NativeStrings.SizeOf(order.Argv.Count) + NativeStrings.SizeOf(order.Environment.Count));
        fixed (byte* content = order.Content)
        {
            var arguments = Point(strings, content, order.Argv);
            var variables = Point(strings, content, order.Environment);
            var actions = stackalloc byte[Native.OpaqueBytes];
            _ = Native.FileActionsInit(actions);
            try
            {
                AddActions(actions, strings, order);
                var error = Native.PosixSpawn(out pid, strings.Add(order.Program), actions, _attributes, arguments, variables);
                return error == 0 ? null : Explain(order, error);
            }
            finally
            {
                _ = Native.FileActionsDestroy(actions);
            }
        }
    }

    public void Dispose() => NativeMemory.Free(_attributes);

    private static byte** Point(NativeStrings strings, byte* content, StringBlock block)
    {
        var pointers = strings.AddArray(block.Count);
        var next = content + block.Start;
        var end = next + block.Bytes;
        for (var i = 0; i < block.Count; i++)
        {
            pointers[i] = next;
            var length = new ReadOnlySpan<byte>(next, (int)(end - next)).IndexOf((byte)0);
            next += length + 1;
        }

        return pointers;
    }

    // The output files take appended writes, so that a command that truncates /dev/stdout leaves no hole in front of what follows.
    private void AddActions(void* actions, NativeStrings strings, ReceivedOrder order)
    {
        _ = Native.FileActionsAddChdir(actions, strings.Add(order.Directory));
        _ = Native.FileActionsAddOpen(actions, 0, strings.Add("/dev/null"), Native.OpenReadOnly, 0);
        _ = Native.FileActionsAddOpen(actions, 1, strings.Add(order.Stdout), Native.OpenOutput, OutputMode);
        _ = Native.FileActionsAddOpen(actions, 2, strings.Add(order.Stderr), Native.OpenOutput, OutputMode);
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
            // Older C libraries: the keeper's own files are close-on-exec anyway, and it inherits none.
            _hasCloseFrom = false;
        }
    }

    private static string Explain(ReceivedOrder order, int error)
    {
        var words = $"cannot start '{order.Program}': {Native.Describe(error)}";
        if (!Directory.Exists(order.Directory))
        {
            return $"{words}: the working directory {order.Directory} is missing";
        }

        return error switch
        {
            Native.Enospc => $"{words}: no space for the output files in {Path.GetDirectoryName(order.Stdout)}",
            Native.Enoent when File.Exists(Path.Combine(order.Directory, order.Program)) => $"{words}: the interpreter in its first line is missing",
            Native.Eacces when Directory.Exists(Path.Combine(order.Directory, order.Program)) => $"{words}: it is a directory",
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
