using BatchPlane.Contracts;
using BatchPlane.Core.Subscriptions;

namespace BatchPlane.Core.Tests.Notifications;

public sealed class RetryScheduleTests
{
    [Fact]
    public void ExponentialDecay_Has176RetriesIn86015Seconds()
    {
        var rule = new RetryDocument { Strategy = RetryStrategy.ExponentialDecayRetry };
        var waits = Waits(rule, chance: 0.5);

        Assert.Equal((176, 86_015d), (waits.Count, waits.Sum(wait => wait.TotalSeconds)));
        Assert.Equal([1d, 2, 4, 8, 16, 32, 64, 128, 256, 512, 512], waits.Take(11).Select(wait => wait.TotalSeconds));
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(0.999, 20)]
    public void Backoff_HasThreeRetriesOfTenToTwentySeconds(double chance, double seconds)
    {
        var waits = Waits(new() { Strategy = RetryStrategy.BackoffRetry }, chance);

        Assert.Equal(3, waits.Count);
        Assert.All(waits, wait => Assert.Equal(seconds, wait.TotalSeconds, tolerance: 0.02));
    }

    [Fact]
    public void Standard_TakesThreeDays()
    {
        var waits = Waits(new(), chance: 0.5);

        Assert.Equal(9, waits.Count);
        Assert.Equal(TimeSpan.FromSeconds(5), waits[0]);
        Assert.InRange(waits.Aggregate((sum, wait) => sum + wait).TotalDays, 3, 3.5);
    }

    [Fact]
    public void Exponential_DoublesUpToItsLongestWait()
    {
        var rule = new RetryDocument { Strategy = RetryStrategy.Exponential, FirstDelaySeconds = 10, MaxDelaySeconds = 60, MaxRetries = 5 };

        Assert.Equal([10d, 20, 40, 60, 60], Waits(rule, chance: 0.5).Select(wait => wait.TotalSeconds));
        Assert.Equal((9d, 11d), (Waits(rule, chance: 0)[0].TotalSeconds, Waits(rule, chance: 1)[0].TotalSeconds));
    }

    private static List<TimeSpan> Waits(RetryDocument rule, double chance)
    {
        var waits = new List<TimeSpan>();
        while (RetrySchedule.Wait(rule, waits.Count + 1, chance) is { } wait)
        {
            waits.Add(wait);
        }

        return waits;
    }
}
