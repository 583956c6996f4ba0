using System.Diagnostics;

namespace BatchPlane.EndToEnd.Tests.Stack;

/// <summary>Waits for something to be reached, with a bound.</summary>
internal static class Eventually
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Fails with the last state seen when the limit is over.</summary>
    public static Task TrueAsync(Func<bool> condition, TimeSpan limit, Func<string> state) => TrueAsync(() => Task.FromResult(condition()), limit, state);

    /// <inheritdoc cref="TrueAsync(Func{bool}, TimeSpan, Func{string})"/>
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan limit, Func<string> state)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > limit)
            {
                throw new TimeoutException($"not reached after {limit}; last seen: {state()}");
            }

            await Task.Delay(LookInterval);
        }
    }
}
