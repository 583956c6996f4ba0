namespace BatchPlane.Simulation.Tests.Kernel;

/// <summary>One thread, one queue of steps, one clock and one source of chance: the same seed gives the same world.</summary>
internal sealed class World(int seed, bool keepsTrace)
{
    private readonly PriorityQueue<Step, (long At, long Number)> _steps = new();
    private readonly Random _random = new(seed);
    private long _number;

    internal SimulatedClock Clock { get; } = new();

    internal Trace Trace { get; } = new(keepsTrace);

    /// <summary>What no process does: the network, the database server, the people outside.</summary>
    internal Life Outside { get; } = new("outside");

    /// <summary>What to call a step that is not worth a line of the trace: somebody looks, and says so when there is something to see.</summary>
    internal const string Quietly = "";

    /// <summary>Plans a step of a process.</summary>
    internal Step After(int milliseconds, Life life, string what, Action act)
    {
        var step = new Step(life, what, act);
        _steps.Enqueue(step, (Clock.Milliseconds + milliseconds, _number++));
        return step;
    }

    /// <summary>Lets a stopped process go on: what came due meanwhile happens now.</summary>
    internal void Continue(Life life)
    {
        foreach (var step in life.Continue())
        {
            _steps.Enqueue(step, (Clock.Milliseconds, _number++));
        }
    }

    /// <summary>Takes the next step; false when there is none.</summary>
    internal bool Next()
    {
        while (_steps.TryDequeue(out var step, out var order))
        {
            if (step.IsCancelled || step.Life.IsDead)
            {
                continue;
            }

            Clock.Milliseconds = Math.Max(Clock.Milliseconds, order.At);
            if (step.Life.IsStopped)
            {
                step.Life.Hold(step);
                continue;
            }

            if (step.What.Length > 0)
            {
                Say(step.Life.Name, step.What);
            }

            step.Act();
            return true;
        }

        return false;
    }

    internal void Say(string who, string what) => Trace.Add(Clock.Milliseconds, who, what);

    internal bool Chance(double probability) => probability > 0 && _random.NextDouble() < probability;

    /// <summary>A number from <paramref name="from"/> to <paramref name="to"/>, both included.</summary>
    internal int Between(int from, int to) => _random.Next(from, to + 1);

    internal T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];
}
