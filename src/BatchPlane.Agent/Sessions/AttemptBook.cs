using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Files;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Sessions;

/// <summary>
/// What the node holds in one epoch: every granted attempt from its grant until its end is acknowledged, and the claims they came
/// with. The only place that moves an attempt from one <see cref="AttemptPhase"/> to the next. Safe for threads.
/// </summary>
/// <remarks>
/// A grant may arrive twice (answer of a long poll and of a heartbeat), in any order with its end: an attempt is taken once per epoch,
/// known by its key while it is held and for the last <see cref="RememberedKeys"/> after that.
/// </remarks>
internal sealed partial class AttemptBook
{
    private const int RememberedKeys = 100_000;
    private const int RememberedOrders = 10_000;

    private readonly Lock _gate = new();
    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly TimeSpan _killGrace;
    private readonly IAttemptFiles _files;
    private readonly ReportQueue _reports;
    private readonly Dictionary<AttemptKey, Attempt> _held = [];
    private readonly Dictionary<long, int> _claims = [];
    private readonly HashSet<Attempt> _running = [];
    private readonly Queue<Attempt> _ready = new();
    private readonly List<Attempt> _ending = [];
    private readonly HashSet<long> _terminatedClaims = [];
    private readonly HashSet<AttemptKey> _terminatedAttempts = [];
    private readonly RecentKeys _over = new(RememberedKeys);
    private readonly RateMeter _ends;
    private readonly LongRateMeter _endsLately;
    private long _lastEnd;
    private ResourceAmounts _readyNeeds;
    private ResourceAmounts _runningNeeds;
    private int _heldBuiltins;
    private bool _draining;

    internal AttemptBook(AgentOptions options, TimeSpan killGrace, IAttemptFiles files, ReportQueue reports, TimeProvider time)
    {
        _options = options;
        _time = time;
        _killGrace = killGrace;
        _files = files;
        _reports = reports;
        _ends = new RateMeter(time);
        _endsLately = new LongRateMeter(time);
        _lastEnd = time.GetTimestamp();
        Startable = new Bell(time);
        Room = new Bell(time);
        Changed = new Bell(time);
    }

    /// <summary>Rung when an attempt may be started.</summary>
    internal Bell Startable { get; }

    /// <summary>Rung when there may be room for more work.</summary>
    internal Bell Room { get; }

    /// <summary>Rung when an attempt ended or was acknowledged.</summary>
    internal Bell Changed { get; }

    /// <summary>What is not promised to anything held; slots apart, of which more is asked for than there are (<see cref="Wanted"/>).</summary>
    internal ResourceAmounts Free
    {
        get
        {
            lock (_gate)
            {
                return _options.Size.Minus(_readyNeeds).Minus(_runningNeeds);
            }
        }
    }

    /// <summary>What the attempts that run hold, and all that is promised.</summary>
    internal (ResourceAmounts Running, ResourceAmounts Promised) Load
    {
        get
        {
            lock (_gate)
            {
                return (_runningNeeds, _runningNeeds.Plus(_readyNeeds));
            }
        }
    }

    /// <summary>Attempts that ended in a second, on the average of the last minutes.</summary>
    internal double EndsPerSecond
    {
        get
        {
            lock (_gate)
            {
                return _endsLately.PerSecond();
            }
        }
    }

    /// <summary>Seconds since it held anything; null: it holds something.</summary>
    internal double? IdleSeconds
    {
        get
        {
            lock (_gate)
            {
                return _claims.Count > 0 ? null : _time.GetElapsedTime(_lastEnd).TotalSeconds;
            }
        }
    }

    /// <summary>Attempts that hold a slot.</summary>
    internal int RunningCount
    {
        get
        {
            lock (_gate)
            {
                return _running.Count;
            }
        }
    }

    /// <summary>True when nothing is held: all is told and acknowledged.</summary>
    internal bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _held.Count == 0;
            }
        }
    }

    /// <summary>Claims with attempts whose end is not acknowledged.</summary>
    internal IReadOnlyList<long> ClaimIds()
    {
        lock (_gate)
        {
            return [.. _claims.Keys];
        }
    }

    /// <summary>How many slots' worth of attempts to ask for now; 0 when asking is not worth a request yet.</summary>
    internal int Wanted()
    {
        lock (_gate)
        {
            var prefill = (int)Math.Ceiling(_options.Slots * _options.PrefillFactor)
                + (int)Math.Min(_options.PrefillMax, _ends.PerSecond() * _options.PrefillAhead.TotalSeconds);
            var room = _options.Slots + prefill - _readyNeeds.Slots - _runningNeeds.Slots - _heldBuiltins;
            // Each of what is asked for may come to wait.
            var mayWait = _options.OutputsWaitingMax - _reports.WaitingOutputs;
            return !_draining && mayWait > 0 && room >= Math.Max(1, prefill / 2) ? Math.Min(room, mayWait) : 0;
        }
    }

    /// <summary>
    /// The next attempt to start, which holds what it needs from now on; null when there is none or that is not free. Strictly in turn: one
    /// that needs much is not passed over for ever by those that need little.
    /// </summary>
    internal Attempt? NextToStart()
    {
        Attempt? next = null;
        bool more;
        lock (_gate)
        {
            while (next is null && _ready.TryPeek(out var attempt) && (attempt.Phase != AttemptPhase.Ready || MayStart(attempt)))
            {
                _ready.Dequeue();
                next = attempt.Phase == AttemptPhase.Ready ? attempt : null;
            }

            if (next is null)
            {
                return null;
            }

            next.Phase = AttemptPhase.Starting;
            _readyNeeds = _readyNeeds.Minus(next.Needs);
            _runningNeeds = _runningNeeds.Plus(next.Needs);
            _running.Add(next);
            more = _ready.Count > 0 && _runningNeeds.Slots < _options.Slots;
        }

        if (more)
        {
            Startable.Ring();
        }

        return next;
    }

    /// <summary>What comes before its command or after it is under way: its container, its files. A kill breaks that off, also one that was asked for meanwhile.</summary>
    internal void Staging(Attempt attempt, CancellationTokenSource end)
    {
        lock (_gate)
        {
            attempt.Execution = new StagingExecution(end, attempt.Execution);
            SignalFirst(attempt);
        }
    }

    /// <summary>Its command runs; a kill that was asked for meanwhile is carried out.</summary>
    internal void Began(Attempt attempt, IExecution execution)
    {
        lock (_gate)
        {
            attempt.Phase = AttemptPhase.Running;
            attempt.Execution = execution;
            if (attempt.Kill == KillCause.GivenBack)
            {
                // Too late to give it back: it gets the time of all that runs.
                (attempt.Kill, attempt.SignaledAt) = (KillCause.None, null);
            }

            attempt.BeganAt = attempt.ShippedAt = attempt.LookedAt = _time.GetTimestamp();
            SignalFirst(attempt);
        }
    }

    /// <summary>It ended <paramref name="age"/> ago, or could not be started; its slot is free. Returns why the agent killed it, if it did.</summary>
    internal KillCause Ended(Attempt attempt, TimeSpan age = default)
    {
        KillCause kill;
        lock (_gate)
        {
            attempt.Phase = AttemptPhase.Ended;
            attempt.EndedAt = Ago(age);
            if (_running.Remove(attempt))
            {
                _runningNeeds = _runningNeeds.Minus(attempt.Needs);
            }

            _ends.Count();
            _endsLately.Count();
            _lastEnd = _time.GetTimestamp();
            kill = attempt.Kill;
            if (kill is KillCause.Abandoned or KillCause.Stopped)
            {
                Forget(attempt);
            }
        }

        Startable.Ring();
        Room.Ring();
        Changed.Ring();
        return kill;
    }

    /// <summary>The server has the ends of these on record.</summary>
    internal void Acknowledged(IEnumerable<Attempt> attempts)
    {
        lock (_gate)
        {
            foreach (var attempt in attempts)
            {
                Forget(attempt);
            }
        }

        Room.Ring();
        Changed.Ring();
    }

    /// <summary>Ends that the server could not take, because the output with them cannot be stored now.</summary>
    internal void Unstored(IReadOnlyList<ReportItem> items, bool someStored, string why) => _reports.Unstored(items, someStored, why);

    /// <summary>The server has stored outputs of a report.</summary>
    internal void Stored() => _reports.Stored();

    /// <summary>Running attempts whose progress was not looked at for <paramref name="interval"/>; it is to be looked at now.</summary>
    internal List<Attempt> DueForALook(TimeSpan interval)
    {
        var due = new List<Attempt>();
        lock (_gate)
        {
            foreach (var attempt in _running)
            {
                if (attempt.Phase == AttemptPhase.Running && _time.GetElapsedTime(attempt.LookedAt) >= interval)
                {
                    attempt.LookedAt = _time.GetTimestamp();
                    due.Add(attempt);
                }
            }
        }

        return due;
    }

    // Alone on the node it may start whatever it needs: else what the node never has would hold up everything behind it.
    private bool MayStart(Attempt attempt) => _running.Count == 0 || _runningNeeds.Plus(attempt.Needs).FitsIn(_options.Size);

    private void Forget(Attempt attempt)
    {
        if (attempt.Phase != AttemptPhase.Gone)
        {
            attempt.Phase = AttemptPhase.Gone;
            Unhold(attempt);
            attempt.Execution?.Forget();
            if (!attempt.IsBuiltin)
            {
                _files.Discard(attempt.Paths);
            }
        }
    }

    private long Ago(TimeSpan age) => _time.GetTimestamp() - (long)(age.TotalSeconds * _time.TimestampFrequency);

    private void Unhold(Attempt attempt)
    {
        if (!_held.Remove(attempt.Key))
        {
            return;
        }

        _over.Add(attempt.Key);
        _heldBuiltins -= attempt.IsBuiltin ? 1 : 0;
        var left = _claims[attempt.Claim.ClaimId] - 1;
        if (left == 0)
        {
            _claims.Remove(attempt.Claim.ClaimId);
        }
        else
        {
            _claims[attempt.Claim.ClaimId] = left;
        }
    }
}
