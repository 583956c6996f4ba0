using System.Runtime.InteropServices;

namespace BatchPlane.Agent.Executors;

/// <summary>A running command: the leader of its own session and process group.</summary>
internal sealed class ProcessExecution(int pid, int pidFd, ProcessReaper reaper, ProcessLedger ledger) : IExecution
{
    /// <summary>What is reported when the exit status was taken by somebody else, as shells do for an unknown end.</summary>
    private const int UnknownExitCode = 255;

    private readonly Lock _gate = new();
    private IExitListener? _listener;
    private bool _reaped;

    internal int Pid => pid;

    internal int PidFd => pidFd;

    public void Watch(IExitListener listener)
    {
        _listener = listener;
        reaper.Watch(this);
    }

    public void Signal(EndSignal signal)
    {
        lock (_gate)
        {
            if (!_reaped)
            {
                _ = Native.Kill(-pid, signal == EndSignal.Kill ? Native.SigKill : Native.SigTerm);
            }
        }
    }

    /// <summary>
    /// The leader has exited: kills what it left behind in its group, then takes its status. In this order, since the
    /// group's number is safe from reuse only while the leader is not reaped.
    /// </summary>
    internal void Reap()
    {
        ExitStatus status;
        lock (_gate)
        {
            _ = Native.Kill(-pid, Native.SigKill);
            status = TakeStatus();
            _reaped = true;
        }

        _ = Native.Close(pidFd);
        ledger.Ended(pid);
        _listener!.Exited(status);
    }

    private ExitStatus TakeStatus()
    {
        int status;
        while (Native.WaitPid(pid, out status, 0) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Native.Eintr)
            {
                return new ExitStatus(UnknownExitCode, null);
            }
        }

        var signal = status & 0x7f;
        return signal == 0 ? new ExitStatus((status >> 8) & 0xff, null) : new ExitStatus(null, signal);
    }
}
