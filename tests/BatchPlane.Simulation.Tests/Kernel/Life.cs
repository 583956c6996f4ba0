namespace BatchPlane.Simulation.Tests.Kernel;

/// <summary>One incarnation of a process: what it has planned happens only while it lives, and waits while it is stopped.</summary>
internal sealed class Life(string name)
{
    private readonly List<Step> _held = [];

    internal string Name { get; } = name;

    internal bool IsDead { get; private set; }

    /// <summary>True between SIGSTOP and SIGCONT.</summary>
    internal bool IsStopped { get; private set; }

    /// <summary>Told once, when it dies.</summary>
    internal event Action? Died;

    internal void Kill()
    {
        if (!IsDead)
        {
            IsDead = true;
            _held.Clear();
            Died?.Invoke();
        }
    }

    internal void Stop() => IsStopped = true;

    /// <summary>What came due meanwhile, in order.</summary>
    internal IReadOnlyList<Step> Continue()
    {
        IsStopped = false;
        Step[] due = [.. _held];
        _held.Clear();
        return due;
    }

    internal void Hold(Step step) => _held.Add(step);
}

/// <summary>Something that will happen.</summary>
internal sealed class Step(Life life, string what, Action act)
{
    internal Life Life => life;

    internal string What => what;

    internal Action Act => act;

    internal bool IsCancelled { get; private set; }

    internal void Cancel() => IsCancelled = true;
}
