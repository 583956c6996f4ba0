namespace BatchPlane.Core.Signals;

/// <summary>
/// An in-memory doorbell: any number of rings wake every waiter once. It only saves waiting; whoever waits polls the database
/// as well, since other servers ring other bells.
/// </summary>
public class Signal
{
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Wakes everybody who took <see cref="Next"/> before.</summary>
    public void Set() => Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>Ends at the next ring. Take it before looking at the database, so that no ring between is missed.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    /// <summary>Waits for a ring after <paramref name="next"/> was taken, at most <paramref name="limit"/>.</summary>
    public static async Task WaitAsync(Task next, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            await next.WaitAsync(limit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Nobody rang: time to poll.
        }
    }
}
