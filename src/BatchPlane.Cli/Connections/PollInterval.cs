namespace BatchPlane.Cli.Connections;

/// <summary>How long to wait before asking again: short while things move, longer while nothing does.</summary>
internal sealed class PollInterval(TimeProvider time)
{
    /// <summary>Wait after a change.</summary>
    internal static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);

    /// <summary>Wait once nothing changed for a while.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private const double Growth = 1.5;

    /// <summary>The next wait.</summary>
    internal TimeSpan Current { get; private set; } = Shortest;

    /// <summary>Something changed: ask again soon.</summary>
    internal void Changed() => Current = Shortest;

    /// <summary>Waits, then lengthens the next wait.</summary>
    internal async Task WaitAsync(CancellationToken cancellation)
    {
        await Task.Delay(Current, time, cancellation);
        Current = Current * Growth < Longest ? Current * Growth : Longest;
    }
}
