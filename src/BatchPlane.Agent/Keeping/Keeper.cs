using System.Runtime.InteropServices;
using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Limits;
using BatchPlane.Agent.Sessions;

namespace BatchPlane.Agent.Keeping;

/// <summary>
/// What a keeper holds: every attempt from its start until the agent says that its end is on record. It outlives agents, which come and go on
/// its socket; when it ends, all it started ends with it.
/// </summary>
internal sealed class Keeper : IDisposable
{
    private static readonly TimeSpan TendInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(15);

    private readonly TimeProvider _time;
    private readonly ProcessLedger _ledger;
    private readonly Spawner _spawner = new();
    private readonly ProcessReaper _reaper;
    private readonly Orphans _orphans;
    private readonly object _gate = new();
    private readonly Dictionary<AttemptKey, KeptProcess> _held = [];
    private readonly HashSet<KeptProcess> _running = [];
    private readonly HashSet<AttemptKey> _starting = [];
    private readonly Handoff<ReceivedOrder> _orders = new();
    private readonly Handoff<KeptProcess> _toBury = new();
    private FrameChannel? _agent;
    private bool _isEnding;

    /// <summary>A keeper with its threads; kills first what an earlier one left, of which <paramref name="ledgerPath"/> tells.</summary>
    internal Keeper(string ledgerPath, TimeProvider time)
    {
        _time = time;
        _orphans = new Orphans(Running, time);
        _ledger = ProcessLedger.Open(ledgerPath, out var killed);
        Killed = killed;
        _reaper = new ProcessReaper(Exited);
        for (var n = 0; n < Environment.ProcessorCount; n++)
        {
            Begin(SpawnAll, "batchplane-spawner");
        }

        Begin(BuryAll, "batchplane-undertaker");
    }

    /// <summary>Processes of an earlier keeper that were killed.</summary>
    internal int Killed { get; }

    /// <summary>From now on <paramref name="agent"/> is told; first of all that is held, between what <paramref name="first"/> and <paramref name="last"/> send.</summary>
    internal void Welcome(FrameChannel agent, FrameWriter first, FrameWriter last)
    {
        lock (_gate)
        {
            // What an earlier agent ordered is started or failed before, so that nothing is told twice or not at all.
            while (_starting.Count > 0)
            {
                Monitor.Wait(_gate);
            }

            _agent = agent;
            agent.Send(first);
            foreach (var process in _held.Values)
            {
                agent.Send(process.Describe().ToFrame());
            }

            agent.Send(last);
        }
    }

    /// <summary>The agent is gone.</summary>
    internal void Left(FrameChannel agent)
    {
        lock (_gate)
        {
            _agent = _agent == agent ? null : _agent;
        }
    }

    internal void Start(ReceivedOrder order)
    {
        lock (_gate)
        {
            if (_isEnding || _held.ContainsKey(order.Key) || !_starting.Add(order.Key))
            {
                _agent?.Send(FrameWriter.Of(FromKeeper.Failed).Add(order.Key).Add("the attempt was started before"));
                return;
            }

        }

        _orders.Add(order);
    }

    internal void Signal(AttemptKey key, int signal, KillCause cause) => Find(key)?.Signal(signal, cause);

    internal void Note(AttemptKey key, byte[] bookmark) => Find(key)?.Note(bookmark);

    internal void Forget(AttemptKey key)
    {
        lock (_gate)
        {
            if (_held.TryGetValue(key, out var process) && !_running.Contains(process))
            {
                _held.Remove(key);
            }
        }
    }

    /// <summary>Kills everything and waits until it is gone, if the kernel lets it go.</summary>
    internal void End()
    {
        var since = _time.GetTimestamp();
        lock (_gate)
        {
            _isEnding = true;
            while ((_starting.Count > 0 || _running.Count > 0) && _time.GetElapsedTime(since) < EndLimit)
            {
                foreach (var process in _running)
                {
                    process.Signal(Native.SigKill, KillCause.Abandoned);
                }

                Monitor.Wait(_gate, TendInterval);
            }
        }

        while (!_orphans.IsNone && _time.GetElapsedTime(since) < EndLimit)
        {
            _orphans.Tend();
        }
    }

    public void Dispose()
    {
        _orphans.Dispose();
        _ledger.Dispose();
    }

    private static void Begin(Action run, string name) => new Thread(() => run()) { IsBackground = true, Name = name }.Start();

    private KeptProcess? Find(AttemptKey key)
    {
        lock (_gate)
        {
            return _held.GetValueOrDefault(key);
        }
    }

    private KeptProcess[] Running()
    {
        lock (_gate)
        {
            return [.. _running];
        }
    }

    private void SpawnAll()
    {
        while (true)
        {
            var order = _orders.Take();
            var failure = Spawn(order, out var process);
            lock (_gate)
            {
                _starting.Remove(order.Key);
                if (process is not null)
                {
                    _held.Add(order.Key, process);
                    _running.Add(process);
                }

                _agent?.Send(failure is null ? FrameWriter.Of(FromKeeper.Started).Add(order.Key) : FrameWriter.Of(FromKeeper.Failed).Add(order.Key).Add(failure));
                if (_starting.Count == 0)
                {
                    Monitor.PulseAll(_gate);
                }
            }

            if (process is not null)
            {
                _reaper.Watch(process);
            }
        }
    }

    private string? Spawn(ReceivedOrder order, out KeptProcess? process)
    {
        process = null;
        ControlGroup? group;
        try
        {
            group = ControlGroup.Make(order.Limits, KernelGroupFiles.Instance, _time);
        }
        catch (IOException e)
        {
            return $"cannot be held to its resources: {e.Message}";
        }

        if (Spawn(order, group, out process) is not { } failure)
        {
            return null;
        }

        group?.End(_time);
        return failure;
    }

    private string? Spawn(ReceivedOrder order, ControlGroup? group, out KeptProcess? process)
    {
        process = null;
        var earliest = Native.BootTicks();
        if (_spawner.Spawn(order, out var pid) is { } failure)
        {
            return failure;
        }

        var pidFd = Native.PidFdOpen(pid);
        if (pidFd < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            Undo(pid);
            return $"cannot watch the started process: {Native.Describe(error)}";
        }

        try
        {
            _ledger.Started(pid, earliest, Native.BootTicks());
        }
        catch (IOException e)
        {
            Undo(pid);
            _ = Native.Close(pidFd);
            return $"cannot note the started process: {e.Message}";
        }

        process = new KeptProcess(order, pid, pidFd, earliest, group, _time);
        return null;
    }

    private static void Undo(int pid)
    {
        _ = Native.Kill(-pid, Native.SigKill);
        _ = Native.Wait(pid, out _, out _);
    }

    // On the reaper's thread: what takes time is left to another.
    private void Exited(KeptProcess process)
    {
        if (process.Reap() || process.Group is not null || !_orphans.IsNone)
        {
            _toBury.Add(process);
        }
        else
        {
            Ended(process, null, default);
        }
    }

    private void BuryAll()
    {
        while (true)
        {
            if (_toBury.TryTake(out var process, TendInterval))
            {
                Bury(process);
            }
            else
            {
                _orphans.Tend();
            }
        }
    }

    // What is in its group is told exactly; the others tell of what is left of the attempt outside, or of one that has no group.
    private void Bury(KeptProcess process)
    {
        process.Group?.Kill();
        var others = _orphans.Bury(process);
        Ended(process, others, process.Group?.End(_time) ?? default);
    }

    private void Ended(KeptProcess process, AttemptUsage? others, GroupEnd told)
    {
        _ledger.Ended(process.Pid);
        lock (_gate)
        {
            var frame = FrameWriter.Of(FromKeeper.Ended).Add(process.Key);
            process.End(others, told).AddTo(frame);
            _running.Remove(process);
            _agent?.Send(frame);
            if (_isEnding)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }
}
