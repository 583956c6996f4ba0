using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Sessions;

namespace BatchPlane.Agent.Keeping;

/// <summary>An attempt that the keeper runs, as its agent sees it.</summary>
internal sealed class KeptExecution(KeeperClient keeper, AttemptKey key, KeptEnd? ended) : IExecution
{
    private readonly Lock _gate = new();
    private IExitListener? _listener;
    private ExitStatus? _status = ended is { } end ? end.Status with { Age = end.Age } : null;
    private bool _isKilled;

    public void Watch(IExitListener listener)
    {
        lock (_gate)
        {
            _listener = listener;
        }

        Tell();
    }

    public void Signal(EndSignal signal) => Signal(signal, KillCause.None);

    public void Signal(EndSignal signal, KillCause cause)
    {
        keeper.Signal(key, signal == EndSignal.Kill ? Native.SigKill : Native.SigTerm, cause);
        if (signal == EndSignal.Kill)
        {
            lock (_gate)
            {
                _isKilled = true;
            }

            if (keeper.IsLost)
            {
                KeeperLost();
            }
        }
    }

    public void Bookmark(ReadOnlySpan<byte> mark) => keeper.Bookmark(key, mark);

    public void Forget() => keeper.Forget(key);

    /// <summary>The keeper says how it ended.</summary>
    internal void Ended(ExitStatus status)
    {
        lock (_gate)
        {
            _status ??= status;
        }

        Tell();
    }

    /// <summary>The keeper is gone: the next one kills what it left. Until the session knows and gives it up, its end is not told: nobody knows it.</summary>
    internal void KeeperLost()
    {
        lock (_gate)
        {
            if (!_isKilled)
            {
                return;
            }

            _status ??= new ExitStatus(null, Native.SigKill);
        }

        ThreadPool.UnsafeQueueUserWorkItem(_ => Tell(), null);
    }

    private void Tell()
    {
        IExitListener? listener;
        ExitStatus status;
        lock (_gate)
        {
            if (_listener is null || _status is null)
            {
                return;
            }

            (listener, _listener, status) = (_listener, null, _status.Value);
        }

        listener.Exited(status);
    }
}
