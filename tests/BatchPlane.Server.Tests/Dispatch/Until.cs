using System.Diagnostics;

namespace BatchPlane.Server.Tests.Dispatch;

/// <summary>Waits for something to be reached.</summary>
internal static class Until
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    /// <summary>Looks until <paramref name="reached"/>; after a bound it fails with the last state seen.</summary>
    internal static async Task<T> ReachedAsync<T>(Func<Task<T>> look, Func<T, bool> reached, Func<T, string> show)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var state = await look();
            if (reached(state))
            {
                return state;
            }

            if (watch.Elapsed > Bound)
            {
                throw new TimeoutException($"Not reached within {Bound}; last seen: {show(state)}");
            }

            await Task.Delay(LookAgain);
        }
    }
}
