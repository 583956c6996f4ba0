using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;
using BatchPlane.Agent.Executors;

namespace BatchPlane.Agent.Keeping;

/// <summary>
/// One thread that learns of every exit through pid file descriptors in one epoll set, at once and without polling.
/// </summary>
/// <remarks>
/// It waits for its own children by pid only, so the children of other code in this process (those of
/// <see cref="System.Diagnostics.Process"/>) are left alone; the runtime likewise reaps only children it started itself, unless SIGCHLD
/// was ignored when the process began. That is undone here, because the kernel throws exit statuses away while it holds.
/// </remarks>
internal sealed unsafe class ProcessReaper : IDisposable
{
    private const int EventsAtOnce = 64;
    private const nint SignalDefault = 0;
    private const nint SignalIgnore = 1;

    // The kernel packs struct epoll_event on x86 only.
    private static readonly bool Packed = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86;
    private static readonly int EventBytes = Packed ? 12 : 16;
    private static readonly int DataOffset = Packed ? 4 : 8;

    private readonly Dictionary<int, KeptProcess> _watched = [];
    private readonly Action<KeptProcess> _exited;
    private readonly Lock _gate = new();
    private readonly int _epoll;
    private readonly int _wake;
    private readonly Thread _thread;

    /// <param name="exited">Called on its thread once a watched process has exited; has to reap it.</param>
    /// <exception cref="PlatformNotSupportedException">The kernel has no pid file descriptors.</exception>
    internal ProcessReaper(Action<KeptProcess> exited)
    {
        _exited = exited;
        CheckKernel();
        if (Native.Signal(Native.SigChld, SignalDefault) is var earlier && earlier != SignalIgnore && earlier != SignalDefault)
        {
            Native.Signal(Native.SigChld, earlier);
        }

        _epoll = Checked(Native.EpollCreate(Native.CloseOnExec));
        _wake = Checked(Native.EventFd(0, Native.CloseOnExec));
        Add(_wake, 0);
        _thread = new Thread(Run) { IsBackground = true, Name = "batchplane-reaper" };
        _thread.Start();
    }

    /// <summary>Watches a process until it has exited.</summary>
    internal void Watch(KeptProcess process)
    {
        lock (_gate)
        {
            _watched[process.Pid] = process;
        }

        Add(process.PidFd, process.Pid);
    }

    public void Dispose()
    {
        var one = 1L;
        _ = Native.Write(_wake, &one, sizeof(long));
        _thread.Join();
        _ = Native.Close(_epoll);
        _ = Native.Close(_wake);
    }

    private static void CheckKernel()
    {
        var self = Native.PidFdOpen(Environment.ProcessId);
        if (self < 0)
        {
            throw new PlatformNotSupportedException(
                $"The agent needs pid file descriptors (Linux 5.3 or newer, allowed by the container's seccomp profile): {Native.Describe(Marshal.GetLastPInvokeError())}.");
        }

        _ = Native.Close(self);
    }

    private void Run()
    {
        var events = stackalloc byte[EventsAtOnce * EventBytes];
        while (true)
        {
            var count = Native.EpollWait(_epoll, events, EventsAtOnce, -1);
            for (var i = 0; i < count; i++)
            {
                var data = new ReadOnlySpan<byte>(events + (i * EventBytes) + DataOffset, sizeof(long));
                var pid = (int)BinaryPrimitives.ReadInt64LittleEndian(data);
                if (pid == 0)
                {
                    return;
                }

                if (Take(pid) is { } process)
                {
                    _exited(process);
                }
            }
        }
    }

    // Taken out before it is reaped: from then on the kernel may give the pid to the next child.
    private KeptProcess? Take(int pid)
    {
        lock (_gate)
        {
            return _watched.Remove(pid, out var process) ? process : null;
        }
    }

    private void Add(int fd, int pid)
    {
        var entry = stackalloc byte[16];
        // One event each: a child that is just being started holds copies of the agent's files, so that closing a pid file descriptor does
        // not always take it out of the set at once.
        BinaryPrimitives.WriteUInt32LittleEndian(new Span<byte>(entry, sizeof(uint)), Native.EpollIn | Native.EpollOneShot);
        BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(entry + DataOffset, sizeof(long)), pid);
        Checked(Native.EpollControl(_epoll, Native.EpollAdd, fd, entry));
    }

    private static int Checked(int result) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());
}
