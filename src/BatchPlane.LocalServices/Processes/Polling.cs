using System.Diagnostics;

namespace BatchPlane.LocalServices.Processes;

/// <summary>Waiting for a condition with a bound.</summary>
internal static class Polling
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(25);

    /// <returns>True as soon as the condition holds, false when it did not within <paramref name="limit"/>.</returns>
    internal static async Task<bool> UntilAsync(
        Func<CancellationToken, ValueTask<bool>> condition, TimeSpan limit, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (await condition(cancellationToken))
            {
                return true;
            }

            if (watch.Elapsed >= limit)
            {
                return false;
            }

            await Task.Delay(Interval, cancellationToken);
        }
    }

    internal static Task<bool> UntilAsync(Func<bool> condition, TimeSpan limit, CancellationToken cancellationToken) =>
        UntilAsync(_ => ValueTask.FromResult(condition()), limit, cancellationToken);
}
