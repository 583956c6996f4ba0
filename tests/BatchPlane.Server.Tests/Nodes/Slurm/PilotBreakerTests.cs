using BatchPlane.Server.Nodes.Slurm;

namespace BatchPlane.Server.Tests.Nodes.Slurm;

/// <summary>When an environment pauses, and for how long.</summary>
public sealed class PilotBreakerTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly SlurmOptions Options = new() { PauseSeconds = 60, MaxPauseSeconds = 150 };

    [Fact]
    public void ThirdFailedStart_Pauses()
    {
        var twice = new PilotBreaker().StartFailed("x", Now, Options).StartFailed("x", Now, Options);
        Assert.False(twice.IsPaused(Now));

        var paused = twice.StartFailed("gone", Now, Options);

        Assert.True(paused.IsPaused(Now));
        Assert.Equal("paused until 2030-01-01T00:01:00Z: gone", paused.Reason(Now));
        Assert.False(paused.IsPaused(Now.AddSeconds(60)));
        Assert.Equal("gone", paused.Reason(Now.AddSeconds(60)));
    }

    [Fact]
    public void TenthRefusedSubmit_Pauses()
    {
        var breaker = Enumerable.Range(0, 9).Aggregate(new PilotBreaker(), (state, _) => state.SubmitRefused("no", Now, Options));

        Assert.False(breaker.IsPaused(Now));
        Assert.True(breaker.SubmitRefused("no", Now, Options).IsPaused(Now));
        Assert.False(breaker.SubmitTaken().SubmitRefused("no", Now, Options).IsPaused(Now));
    }

    [Fact]
    public void Pauses_DoubleUpToTheLongest()
    {
        var breaker = new PilotBreaker();
        var pauses = new List<double>();
        for (var n = 0; n < 12; n++)
        {
            breaker = breaker.StartFailed("x", Now, Options);
            if (breaker.IsPaused(Now) && breaker.FailedStarts == 0)
            {
                pauses.Add((breaker.PausedUntil!.Value - Now).TotalSeconds);
            }
        }

        Assert.Equal([60, 120, 150, 150], pauses);
    }

    [Fact]
    public void State_SurvivesTheDatabase()
    {
        var breaker = new PilotBreaker().StartFailed("x", Now, Options).SubmitRefused("y", Now, Options);

        Assert.Equal(breaker, PilotBreaker.Read(breaker.Write()));
        Assert.Equal("{}", new PilotBreaker().Write());
        Assert.Equal(new PilotBreaker(), PilotBreaker.Read("{}"));
    }
}
