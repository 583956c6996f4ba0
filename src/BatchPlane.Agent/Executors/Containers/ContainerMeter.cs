namespace BatchPlane.Agent.Executors.Containers;

/// <summary>One container as the meter sees it.</summary>
internal sealed class MeteredContainer
{
    private readonly Lock _gate = new();
    private string? _id;
    private ContainerReading? _last;
    private bool _isOver;

    /// <summary>Its id; null while nobody knows it.</summary>
    internal string? Id
    {
        get => Volatile.Read(ref _id);
        set => Volatile.Write(ref _id, value);
    }

    internal bool IsOver
    {
        get
        {
            lock (_gate)
            {
                return _isOver;
            }
        }
    }

    /// <summary>It has ended: the last that was read of it; null: nothing ever was.</summary>
    internal ContainerReading? End()
    {
        lock (_gate)
        {
            _isOver = true;
            return _last;
        }
    }

    // What is counted grows; a kernel without a peak tells what is held at the moment.
    internal void Note(ContainerReading reading)
    {
        lock (_gate)
        {
            var peak = Math.Max(reading.Usage.PeakMemoryBytes, _last?.Usage.PeakMemoryBytes ?? 0);
            _last = reading with { Usage = reading.Usage with { PeakMemoryBytes = peak } };
        }
    }
}

/// <summary>
/// Reads from their control groups what containers use. An engine removes a group some tens of milliseconds after its container has ended, too soon for who learns of the end from the engine: so one
/// thread waits for the end of a process of each container, reads then, and now and then besides.
/// </summary>
internal sealed class ContainerMeter : IDisposable
{
    private const short PollIn = 1;
    private const int TurnMilliseconds = 50;

    private static readonly TimeSpan ReadInterval = TimeSpan.FromSeconds(1);

    // Between looks at all processes for a container whose group is not where the last one was.
    private static readonly TimeSpan ShortestLook = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(5);

    private readonly ContainerGroups _groups;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly List<Watched> _watched = [];
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly Thread _thread;
    private volatile bool _isOver;

    internal ContainerMeter(ContainerGroups groups, TimeProvider time)
    {
        _groups = groups;
        _time = time;
        _thread = new Thread(Run) { IsBackground = true, Name = "batchplane-meter" };
        _thread.Start();
    }

    /// <summary>Reads a container from now on, until its <see cref="MeteredContainer.End"/>.</summary>
    /// <param name="id">Its id; null: it is told later.</param>
    internal MeteredContainer Watch(string? id)
    {
        var metered = new MeteredContainer { Id = id };
        lock (_gate)
        {
            _watched.Add(new(metered));
        }

        _wake.Set();
        return metered;
    }

    public void Dispose()
    {
        _isOver = true;
        _wake.Set();
        _thread.Join();
        _wake.Dispose();
    }

    private void Run()
    {
        while (!_isOver)
        {
            var watched = Take();
            if (watched.Count == 0)
            {
                _wake.WaitOne();
                continue;
            }

            Wait(watched);
            foreach (var one in watched)
            {
                Look(one);
            }
        }

        foreach (var one in Take())
        {
            one.Close();
        }
    }

    private List<Watched> Take()
    {
        lock (_gate)
        {
            foreach (var over in _watched.Where(one => one.Container.IsOver))
            {
                over.Close();
            }

            _watched.RemoveAll(one => one.Container.IsOver);
            return [.. _watched];
        }
    }

    // For a turn, or until a process ends.
    private static unsafe void Wait(List<Watched> watched)
    {
        var all = new Native.PollEntry[watched.Count];
        for (var n = 0; n < all.Length; n++)
        {
            // A negative one is passed over.
            all[n] = new() { Descriptor = watched[n].PidFd, Events = PollIn };
        }

        fixed (Native.PollEntry* first = all)
        {
            _ = Native.Poll(first, (ulong)all.Length, TurnMilliseconds);
        }

        for (var n = 0; n < all.Length; n++)
        {
            watched[n].HasEnded = all[n].Returned != 0;
        }
    }

    private void Look(Watched one)
    {
        if (one.Group is null && !TryFind(one))
        {
            return;
        }

        if (one.HasEnded || one.ReadAt is not { } at || _time.GetElapsedTime(at) >= ReadInterval)
        {
            one.ReadAt = _time.GetTimestamp();
            if (one.Group!.Read(_groups.Files) is { } reading)
            {
                one.Container.Note(reading);
            }
        }

        if (one.HasEnded || one.PidFd < 0)
        {
            one.Close();
            one.PidFd = one.Group!.AnyProcess(_groups.Files) is { } pid ? Native.PidFdOpen(pid) : -1;
        }
    }

    private bool TryFind(Watched one)
    {
        if (one.Container.Id is not { } id)
        {
            return false;
        }

        var looksAtAll = one.LookedAt is not { } at || _time.GetElapsedTime(at) >= one.LookPause;
        one.Group = _groups.Find(id, looksAtAll);
        if (looksAtAll)
        {
            one.LookPause = one.LookedAt is null ? ShortestLook : TimeSpan.FromTicks(Math.Min(LongestLook.Ticks, one.LookPause.Ticks * 2));
            one.LookedAt = _time.GetTimestamp();
        }

        return one.Group is not null;
    }

    private sealed class Watched(MeteredContainer container)
    {
        internal MeteredContainer Container => container;

        internal ContainerGroup? Group { get; set; }

        internal int PidFd { get; set; } = -1;

        internal bool HasEnded { get; set; }

        internal long? ReadAt { get; set; }

        internal long? LookedAt { get; set; }

        internal TimeSpan LookPause { get; set; }

        internal void Close()
        {
            if (PidFd >= 0)
            {
                _ = Native.Close(PidFd);
                PidFd = -1;
            }
        }
    }
}
