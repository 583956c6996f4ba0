using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Server;

namespace BatchPlane.Server.Tests.Dispatch;

/// <summary>How far delivery is behind, while no server delivers.</summary>
public sealed class DispatchLagTests(DispatchLagTests.HeldBackServer server) : IClassFixture<DispatchLagTests.HeldBackServer>
{
    [Fact]
    public async Task JournalHeldBack_ApiAndMetricsTellHowFar()
    {
        var before = await server.GetAsync<DispatchView>("/v1/dispatch");
        Assert.Equal((0, 0), (before.PendingEvents, before.Topics.Count));
        using var topic = await server.PostAsync("/v1/topics", """{"topic_name":"held"}""");
        using var submitted = await server.PostAsync(
            "/v1/jobs",
            """{"job_name":"held","tasks":[{"task_name":"a","application":{"command":"true"}}],"notifications":[{"topic_name":"held","event_configs":[{"event_name":"JOB_SUBMITTED"}]}]}""");
        Assert.Equal(201, (int)submitted.StatusCode);
        await server.ExecuteAsync("UPDATE events SET occurred_at = occurred_at - interval '90 seconds'");

        var lag = await server.GetAsync<DispatchView>("/v1/dispatch");
        var metrics = (await server.Client.GetStringAsync("/metrics")).Split('\n');

        Assert.True(lag.PendingEvents > 0, $"{lag.PendingEvents}");
        Assert.InRange(lag.SecondsBehind, 90, 90 + 60);
        Assert.Equal("held", Assert.Single(lag.Topics).TopicName);
        Assert.Equal(lag.PendingEvents, Sum("batchplane_dispatch_pending_events{"));
        Assert.InRange(Sum("batchplane_dispatch_behind_seconds{"), 90, 90 + 60);
        Assert.Equal(lag.Topics[0].PendingMessages, Sum("batchplane_dispatch_topic_pending_messages{topic=\"held\"}"));
        Assert.InRange(Sum("batchplane_dispatch_topic_behind_seconds{topic=\"held\"}"), 90, 90 + 60);

        double Sum(string begin) => metrics.Where(line => line.StartsWith(begin, StringComparison.Ordinal)).Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    /// <summary>It has an API, and nobody delivers. What is counted is counted anew each time.</summary>
    public sealed class HeldBackServer : ServerFixture
    {
        protected override ServerRoles Roles => ServerRoles.Api;

        protected override Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync() =>
            Task.FromResult<IReadOnlyList<KeyValuePair<string, string?>>>([new("Dispatch:LagAge", "00:00:00")]);
    }
}
