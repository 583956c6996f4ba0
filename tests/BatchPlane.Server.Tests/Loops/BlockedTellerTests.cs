using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Scheduling;
using BatchPlane.Server.Loops;
using BatchPlane.Server.Tests.Dispatch;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tests.Loops;

public sealed class BlockedTellerTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private static readonly MachineFacts Machine = new("host", 2, 4, 2);

    [Fact]
    public async Task TaskThatCouldRun_TellsEachReasonOnceWhateverServersLook()
    {
        using var first = Teller();
        using var second = Teller();
        await first.StartAsync(default);
        await second.StartAsync(default);
        var job = await SubmitAsync(slots: 5, asks: true);
        var unasked = await SubmitAsync(slots: 5, asks: false);
        await ToldAsync(job, 1);

        await server.Services.GetRequiredService<EnvironmentStore>().ChangeAsync(
            ServerFixture.DefaultEnvId,
            environment =>
            {
                var node = environment.Attach(EntityId.New(EntityId.Node), EntityId.New(EntityId.Instance), Machine);
                environment.Join(node, Machine, "1.0", TimeSpan.FromMinutes(10));
                return node;
            },
            default);
        await ToldAsync(job, 2);

        // Looks go on meanwhile, and find the same.
        var later = await SubmitAsync(slots: 6, asks: true);
        await ToldAsync(later, 1);
        var told = await ToldAsync(job, 2);
        await first.StopAsync(default);
        await second.StopAsync(default);

        Assert.Equal(["no_nodes", "fits_nowhere"], told.Select(view => view.Reason!.Split(':')[0]));
        Assert.All(told, view => Assert.Equal(("task", "RUNNABLE", "engine"), (view.Level, view.Details!.Value.GetProperty("state").GetString(), view.Source)));
        Assert.Empty(await ToldAsync(unasked, 0));
    }

    private BlockedTeller Teller() => new(
        server.Services.GetRequiredService<ExplainQueries>(),
        server.Services.GetRequiredService<TransitionWriter>(),
        Options.Create(new SchedulingOptions { BlockedAfterSeconds = 0.1 }),
        TimeProvider.System,
        NullLogger<BlockedTeller>.Instance);

    private async Task<string> SubmitAsync(int slots, bool asks)
    {
        var notifications = asks ? ""","notifications":[{"topic_name":"blocked","event_configs":[{"event_name":"TASK_BLOCKED"}]}]""" : "";
        using var submitted = await server.PostAsync("/v1/jobs", $$$"""{"tasks":[{"application":{"command":"true"},"resources":{"slots":{{{slots}}}}}]{{{notifications}}}}""");
        Assert.True(submitted.IsSuccessStatusCode, await submitted.Content.ReadAsStringAsync());
        return (await ServerFixture.ReadAsync<JobCreated>(submitted)).JobId;
    }

    private async Task<EventView[]> ToldAsync(string job, int count) => await Until.ReachedAsync(
        async () => (await server.GetAsync<Page<EventView>>($"/v1/jobs/{job}/events")).Items.Where(view => view.State == "BLOCKED").ToArray(),
        views => views.Length == count,
        views => string.Join("; ", views.Select(view => view.Reason)));

    private sealed record JobCreated(string JobId);
}
