using System.Diagnostics;

namespace BatchPlane.Agent.Tests;

/// <summary>Waits for a state to be reached, with a bound, and shows the last state seen when it is not.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    internal static async Task ReachAsync(Func<bool> reached, Func<string> state)
    {
        var since = Stopwatch.GetTimestamp();
        while (!reached())
        {
            if (Stopwatch.GetElapsedTime(since) > Bound)
            {
                Assert.Fail($"Not reached within {Bound}; last state seen: {state()}");
            }

            await Task.Delay(10);
        }
    }
}
