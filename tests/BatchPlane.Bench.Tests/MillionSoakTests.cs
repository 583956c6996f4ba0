using System.Text.Json;
using BatchPlane.Bench.Soak;
using BatchPlane.Contracts;

namespace BatchPlane.Bench.Tests;

/// <summary><c>./dev soak million</c> in short, and what its checks would see.</summary>
public sealed class MillionSoakTests
{
    private const int Instances = 20_000;

    private static readonly RunMetrics Sound = new() { RunnableCount = 5, StartingCount = 1, RunningCount = 1, SucceedCount = 3 };

    private static readonly SoakMessage[] Delivered =
    [
        new("job.running", "j:4", 4), new("task.running", "j:5", 5), new("task.succeed", "j:9", 9), new("job.succeed", "j:10", 10),
    ];

    [Fact]
    public async Task LargeJob_IsSoundToItsEndAndPlantedFaultsAreSeen()
    {
        var run = await BenchRun.OfAsync("soak", $"{Instances}");

        Assert.True(run.ExitCode == 0, string.Join('\n', run.Lines) + run.Errors);
        var verdicts = run.Lines.Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(["lost-event", "wrong-counter", null], verdicts.Select(verdict => verdict.GetProperty("control").GetString()));
        var verdict = verdicts[^1];
        Assert.Equal(Instances, verdict.GetProperty("instances").GetInt32());
        Assert.Equal(10, verdict.GetProperty("events_received").GetInt32());
        Assert.True(verdict.GetProperty("counter_looks").GetInt32() > 1, verdict.ToString());
        Assert.True(verdict.GetProperty("invariants").GetInt32() > 0, verdict.ToString());
        Assert.Empty(verdict.GetProperty("violations").EnumerateArray());
        Assert.All(verdicts[..^1], control => Assert.NotEmpty(control.GetProperty("violations").EnumerateArray()));
    }

    [Fact]
    public void SoundCounters_AreNoViolation() => Assert.Empty(Watch(Sound, Sound with { RunnableCount = 4, SucceedCount = 4 }));

    [Fact]
    public void SumThatDoesNotAddUp_IsSeen() => Assert.Contains("do not add up to 10", Watch(Sound with { RunningCount = 2 })[0], StringComparison.Ordinal);

    [Fact]
    public void LessThanNothing_IsSeen() => Assert.Contains("do not add up", Watch(Sound with { RunnableCount = -1, SucceedCount = 9 })[0], StringComparison.Ordinal);

    [Fact]
    public void SuccessesThatBecomeFewer_AreSeen() =>
        Assert.Contains("had 3 succeeded instances and has 2", Watch(Sound, Sound with { RunnableCount = 6, SucceedCount = 2 })[0], StringComparison.Ordinal);

    [Fact]
    public void Deliveries_MayRepeatAndNothingElse()
    {
        var expected = DeliveryCheck.Expected(tasks: 1);

        Assert.Empty(DeliveryCheck.Violations(expected, Delivered));
        Assert.Empty(DeliveryCheck.Violations(expected, [.. Delivered, Delivered[1]]));
        Assert.Single(DeliveryCheck.Violations(expected, Delivered[..3]));
        Assert.Single(DeliveryCheck.Violations(expected, [.. Delivered, new("task.failed", "j:11", 11)]));
        Assert.Single(DeliveryCheck.Violations(expected, [Delivered[0], Delivered[2], Delivered[1], Delivered[3]]));
    }

    private static IReadOnlyList<string> Watch(params RunMetrics[] looks)
    {
        var watch = new CounterWatch(10);
        foreach (var metrics in looks)
        {
            watch.Look(new JobDetail
            {
                JobId = "job-00000000",
                JobName = "",
                JobState = RunState.Running,
                Priority = 0,
                CreatedAt = default,
                TaskInstanceMetrics = metrics,
                Tasks = [],
                TaskMetrics = new(),
            });
        }

        return watch.Violations;
    }
}
