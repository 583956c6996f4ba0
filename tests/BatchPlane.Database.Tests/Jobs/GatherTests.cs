using BatchPlane.Core.Jobs;

namespace BatchPlane.Database.Tests.Jobs;

/// <summary>Which requests share a transaction.</summary>
public sealed class GatherTests
{
    [Fact]
    public async Task FullBeforeAsManyCameAsBefore_GoesOnWithTheRest()
    {
        await using var installation = await Installation.CreateAsync();
        var server = await installation.StartServerAsync(new EngineLimits { MaxBatchAttempts = 4, GatherMilliseconds = 20 });
        var envId = await installation.AddEnvironmentAsync();

        // Four light ones fill a transaction, then each heavy one does alone, while others wait.
        var light = Enumerable.Range(0, 20).Select(_ => server.SubmittedAsync(Given.Job(Given.Task(envId))));
        var heavy = Enumerable.Range(0, 20).Select(_ => server.SubmittedAsync(Given.Job([.. Enumerable.Range(0, 4).Select(n => Given.Task(envId, name: $"t{n}"))])));
        var jobs = await Task.WhenAll(light.Concat(heavy)).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(40, jobs.Distinct().Count());
        await installation.AssertInvariantsAsync();
    }
}
