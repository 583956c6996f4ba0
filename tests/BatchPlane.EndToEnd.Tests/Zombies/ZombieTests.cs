using System.Diagnostics;
using System.Text.Json;
using BatchPlane.Cli.Dev;

namespace BatchPlane.EndToEnd.Tests.Zombies;

/// <summary>An agent that is stopped (SIGSTOP) for longer than its lease and then goes on, while others have done its work.</summary>
public sealed class ZombieTests : IAsyncLifetime
{
    private const int SigStop = 19;
    private const int SigCont = 18;

    private readonly ZombieStack _stack = new();

    public Task InitializeAsync() => _stack.InitializeAsync();

    public Task DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task AgentStoppedPastItsLease_ItsReportIsRefusedAndItsProcessKilled()
    {
        var job = await _stack.SubmitAsync();
        await _stack.BegunAsync(0, 1);
        var zombie = await _stack.BegunAsync(1, 1);
        await BeginsAreToldAsync();
        _stack.StartSecondAgent();

        _stack.Proxy.Hold();
        Posix.Signal(_stack.Agent.Pid, SigStop);
        Assert.Equal("SUCCEED", await _stack.EndedAsync(job));
        Assert.True(ZombieStack.IsRunning(zombie), "the process of a stopped agent goes on");

        // Its first instance comes to an end as well, and that is the first thing the server hears of it.
        _stack.Go(0);
        Posix.Signal(_stack.Agent.Pid, SigCont);
        await _stack.EventuallyAsync(() => Reports("\"exited\"").Any(), "no end was reported");
        Assert.All(Reports("\"exited\""), report => Assert.Equal((409, "fenced"), (report.Status, Code(report))));

        _stack.Proxy.Release();
        await _stack.EventuallyAsync(() => !ZombieStack.IsRunning(zombie), $"process {zombie} runs on");
        await _stack.EventuallyAsync(() => Epochs().Count == 2, "it did not join again");
        Assert.True(Epochs()[1] > Epochs()[0], $"epochs {string.Join(' ', Epochs())}");
        foreach (var instance in new[] { 0, 1 })
        {
            Assert.Equal(["RUNNING 1", "RUNNABLE 1 NODE_LOST", "RUNNING 2", "SUCCEED 2 SUCCEEDED"], (await _stack.StoryAsync(job, instance)).Select(Upper));
            Assert.Equal("from attempt 2\n", await _stack.OutputAsync(job, instance));
        }
    }

    /// <summary>The control: within the lease the very same stop changes nothing, and what the test above looks at says so.</summary>
    [Fact]
    public async Task AgentStoppedWithinItsLease_ItsReportIsTakenAndItsProcessLives()
    {
        var job = await _stack.SubmitAsync();
        await _stack.BegunAsync(0, 1);
        var process = await _stack.BegunAsync(1, 1);
        await BeginsAreToldAsync();
        _stack.StartSecondAgent();

        var stopped = Stopwatch.StartNew();
        Posix.Signal(_stack.Agent.Pid, SigStop);
        _stack.Go(0);
        Posix.Signal(_stack.Agent.Pid, SigCont);
        Assert.True(stopped.Elapsed.TotalSeconds < ZombieStack.LeaseSeconds, "the machine was too slow for this test");
        await _stack.EventuallyAsync(() => Reports("\"exited\"").Any(), "no end was reported");

        Assert.All(Reports("\"exited\""), report => Assert.Equal(200, report.Status));
        Assert.True(ZombieStack.IsRunning(process), $"process {process} is gone");
        Assert.Single(Epochs());
        _stack.Go(1);
        Assert.Equal("SUCCEED", await _stack.EndedAsync(job));
        Assert.Equal(["RUNNING 1", "SUCCEED 1 SUCCEEDED"], (await _stack.StoryAsync(job, 0)).Select(Upper));
        Assert.Equal("from attempt 1\n", await _stack.OutputAsync(job, 0));
    }

    private Task BeginsAreToldAsync() => _stack.EventuallyAsync(
        () => Reports("\"running\"").Sum(report => report.Request.Split("\"running\"").Length - 1) >= 2, "the begins were not reported");

    private IReadOnlyList<Exchange> Reports(string with) =>
        [.. _stack.Proxy.Exchanges.Where(exchange => exchange.Verb == "report" && exchange.Request.Contains(with, StringComparison.Ordinal))];

    private IReadOnlyList<long> Epochs() =>
        [.. _stack.Proxy.Exchanges.Where(exchange => exchange is { Verb: "join", Status: 200 }).Select(exchange => JsonDocument.Parse(exchange.Response).RootElement.GetProperty("epoch").GetInt64())];

    private static string Code(Exchange exchange) => JsonDocument.Parse(exchange.Response).RootElement.GetProperty("code").GetString()!;

    private static string Upper(string line) => line.ToUpperInvariant();
}
