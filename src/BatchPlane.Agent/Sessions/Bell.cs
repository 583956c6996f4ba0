namespace BatchPlane.Agent.Sessions;

/// <summary>Wakes waiting loops; rung many times before somebody waits, it wakes once.</summary>
internal sealed class Bell(TimeProvider time)
{
    private TaskCompletionSource _rung = Make();

    internal void Ring() => Volatile.Read(ref _rung).TrySetResult();

    /// <summary>Returns when it was rung since the last wait, or after <paramref name="limit"/> (<see cref="Timeout.InfiniteTimeSpan"/>: none).</summary>
    internal async Task WaitAsync(TimeSpan limit, CancellationToken cancellation)
    {
        var rung = Volatile.Read(ref _rung);
        await rung.Task.WaitAsync(limit, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        if (rung.Task.IsCompleted)
        {
            // Renewed before the caller looks at what changed, so that a ring during its look is not lost.
            Interlocked.CompareExchange(ref _rung, Make(), rung);
        }
    }

    private static TaskCompletionSource Make() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
