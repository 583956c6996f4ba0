namespace BatchPlane.Server.Dispatch;

/// <summary>Growing waits with jitter: the n-th is between half and all of <c>min · 2ⁿ</c>, capped.</summary>
internal sealed class Backoff(TimeSpan min, TimeSpan max)
{
    private const int MaxDoublings = 30;
    private int _failures;

    /// <summary>True before the first failure since the last <see cref="Reset"/>.</summary>
    internal bool IsFresh => _failures == 0;

    internal TimeSpan Next()
    {
        var ceiling = Math.Min(max.TotalMilliseconds, min.TotalMilliseconds * Math.Pow(2, Math.Min(_failures, MaxDoublings)));
        _failures++;

        // Jitter keeps servers that lost the same broker from returning in one moment; it guards no secret.
#pragma warning disable CA5394
        return TimeSpan.FromMilliseconds(ceiling * (0.5 + (Random.Shared.NextDouble() / 2)));
#pragma warning restore CA5394
    }

    internal void Reset() => _failures = 0;
}
