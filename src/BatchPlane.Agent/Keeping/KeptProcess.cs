using System.Globalization;
using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Limits;
using BatchPlane.Agent.Sessions;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Keeping;

/// <summary>A process that a keeper started for an attempt. Its mutable members are guarded by its own lock.</summary>
internal sealed class KeptProcess(ReceivedOrder order, int pid, int pidFd, long startTicks, ControlGroup? group, TimeProvider time)
{
    /// <summary>What is reported when the exit status was taken by somebody else, as shells do for an unknown end.</summary>
    private const int UnknownExitCode = 255;

    /// <summary>With the number of the signal: the exit code that shells show of a command that one ended.</summary>
    private const int SignalExitCode = 128;

    private readonly Lock _gate = new();
    private readonly long _startedAt = time.GetTimestamp();
    private byte[] _bookmark = [];
    private KillCause _kill;
    private bool _isReaped;
    private ExitStatus _status;
    private long? _endedAt;

    internal AttemptKey Key => order.Key;

    internal int Pid => pid;

    internal int PidFd => pidFd;

    /// <summary>Ticks since boot just before it was started.</summary>
    internal long StartTicks => startTicks;

    /// <summary>Holds it to its limits; null: none does.</summary>
    internal ControlGroup? Group => group;

    /// <summary>See <see cref="SpawnOrder.Mark"/>.</summary>
    internal string Mark => order.Mark;

    internal bool HasEnded
    {
        get
        {
            lock (_gate)
            {
                return _endedAt is not null;
            }
        }
    }

    /// <summary>Sends a signal to its group, unless the leader is reaped: then the group's number may be somebody else's.</summary>
    internal void Signal(int signal, KillCause cause)
    {
        lock (_gate)
        {
            if (_kill == KillCause.None)
            {
                _kill = cause;
            }

            if (!_isReaped)
            {
                _ = Native.Kill(-pid, signal);
            }
        }
    }

    internal void Note(byte[] bookmark)
    {
        lock (_gate)
        {
            _bookmark = bookmark;
        }
    }

    /// <summary>
    /// The leader has exited: kills what it left behind in its group, then takes its status. In this order, since the group's number is
    /// safe from reuse only while the leader is not reaped. True when others of the group are still there.
    /// </summary>
    internal bool Reap()
    {
        lock (_gate)
        {
            _ = Native.Kill(-pid, Native.SigKill);
            _status = Native.Wait(pid, out var status, out var usage) ? Read(status) with { Usage = usage } : new ExitStatus(UnknownExitCode, null);
            _isReaped = true;
            _ = Native.Close(pidFd);
            return Native.Kill(-pid, 0) == 0;
        }
    }

    /// <summary>
    /// Nothing of it runs any more; what <paramref name="others"/> used that got away from it counts as well, and <paramref name="told"/> is what its group tells.
    /// </summary>
    internal KeptEnd End(AttemptUsage? others, GroupEnd told)
    {
        lock (_gate)
        {
            _endedAt = time.GetTimestamp();
            _status = others is null ? _status : _status with { Usage = _status.Usage?.Plus(others) ?? others };
            _status = told.PeakMemoryBytes is { } peak ? _status with { Usage = (_status.Usage ?? new(TimeSpan.Zero, 0)) with { PeakMemoryBytes = peak } } : _status;
            _status = told.OutOfMemoryKills > 0 && _status.ExitCode != 0 ? OutOfMemory(_status, group!.MemoryMib) : _status;
            return new KeptEnd(_status, TimeSpan.Zero);
        }
    }

    internal HeldAttempt Describe()
    {
        lock (_gate)
        {
            var end = _endedAt is { } ended ? new KeptEnd(_status, time.GetElapsedTime(ended)) : (KeptEnd?)null;
            return new HeldAttempt(Key, order.Note, _bookmark, time.GetElapsedTime(_startedAt), _kill, end);
        }
    }

    // Where another of its processes was killed than the first one, that may have gone on and failed in its own way: its exit code is told.
    private static ExitStatus OutOfMemory(ExitStatus status, int mib)
    {
        var limit = string.Create(CultureInfo.InvariantCulture, $"more than its memory of {mib} MiB");
        return status with
        {
            Outcome = AttemptOutcome.OutOfMemory,
            ExitCode = status.ExitCode ?? SignalExitCode + status.Signal,
            Signal = null,
            Reason = status.Signal == Native.SigKill
                ? $"killed because it needed {limit}"
                : $"a process of it was killed because all together needed {limit}",
        };
    }

    private static ExitStatus Read(int status)
    {
        var signal = status & 0x7f;
        return signal == 0 ? new ExitStatus((status >> 8) & 0xff, null) : new ExitStatus(null, signal);
    }
}
