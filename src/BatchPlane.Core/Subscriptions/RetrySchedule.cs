using BatchPlane.Contracts;

namespace BatchPlane.Core.Subscriptions;

/// <summary>When a delivery that failed is tried again. Pure.</summary>
public static class RetrySchedule
{
    internal const int DefaultFirstDelaySeconds = 5;
    internal const int DefaultMaxDelaySeconds = 43_200;
    internal const int DefaultMaxRetries = 20;

    /// <summary>How far a wait is moved at random, up or down, so that what failed together does not come back together.</summary>
    private const double Jitter = 0.1;

    private const int BackoffRetries = 3;
    private const int BackoffMinSeconds = 10;
    private const int BackoffMaxSeconds = 20;
    private const int DecayRetries = 176;
    private const int DecayMaxSeconds = 512;

    private static readonly TimeSpan[] Standard =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5),
        TimeSpan.FromHours(10), TimeSpan.FromHours(14), TimeSpan.FromHours(20), TimeSpan.FromHours(24),
    ];

    /// <summary>
    /// The wait before retry <paramref name="retry"/> (from 1); null when there is none any more. The schedules of CMQ and MNS are kept to the second, the others vary
    /// by a tenth.
    /// </summary>
    /// <param name="rule">The subscription's rule.</param>
    /// <param name="retry">Which retry, from 1.</param>
    /// <param name="chance">A random number from 0 to below 1.</param>
    public static TimeSpan? Wait(RetryDocument rule, int retry, double chance) => rule.Strategy switch
    {
        RetryStrategy.Standard => retry <= Standard.Length ? Spread(Standard[retry - 1], chance) : null,
        RetryStrategy.Exponential => retry <= (rule.MaxRetries ?? DefaultMaxRetries) ? Spread(Exponential(rule, retry), chance) : null,
        RetryStrategy.BackoffRetry => retry <= BackoffRetries ? TimeSpan.FromSeconds(BackoffMinSeconds + ((BackoffMaxSeconds - BackoffMinSeconds) * chance)) : null,
        RetryStrategy.ExponentialDecayRetry => retry <= DecayRetries ? Doubled(1, DecayMaxSeconds, retry) : null,
    };

    private static TimeSpan Exponential(RetryDocument rule, int retry) =>
        Doubled(rule.FirstDelaySeconds ?? DefaultFirstDelaySeconds, rule.MaxDelaySeconds ?? DefaultMaxDelaySeconds, retry);

    private static TimeSpan Doubled(int firstSeconds, int maxSeconds, int retry) =>
        TimeSpan.FromSeconds(Math.Min(firstSeconds * Math.Pow(2, Math.Min(retry, 40) - 1), maxSeconds));

    private static TimeSpan Spread(TimeSpan wait, double chance) => wait * (1 - Jitter + (2 * Jitter * chance));
}
