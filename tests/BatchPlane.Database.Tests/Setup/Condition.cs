using System.Diagnostics;

namespace BatchPlane.Database.Tests;

/// <summary>Waits for something to become true, with a bound.</summary>
internal static class Condition
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>The first state that <paramref name="isReached"/> says yes to; fails with the last state seen after 30 s.</summary>
    internal static async Task<T> ReachedAsync<T>(Func<Task<T>> look, Func<T, bool> isReached, string what)
    {
        var began = Stopwatch.GetTimestamp();
        var seen = await look();
        while (!isReached(seen))
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < Bound, $"{what}: not reached within {Bound.TotalSeconds} s, last seen: {seen}");
            await Task.Delay(Pause);
            seen = await look();
        }

        return seen;
    }
}
