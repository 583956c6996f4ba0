using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Topics;
using BatchPlane.Server.Api;
using BatchPlane.Server.Environments;
using BatchPlane.Server.Nodes.Slurm;
using BatchPlane.Server.Topics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace BatchPlane.Server.Tests.Topics;

/// <summary>What is refused leaves no topic, and there are not more of them than there may be.</summary>
public sealed class RefusedTopicsTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private static string Job(string topic) => $$$"""
        {"job_name":"j","tasks":[{"application":{"command":"true"}}],"notifications":[{"topic_name":"{{{topic}}}","event_configs":[{"event_name":"JOB_FAILED"}]}]}
        """;

    private static string Environment(string name, string topic) => $$"""
        {"env_name":"{{name}}","provider":"attached","notifications":[{"topic_name":"{{topic}}","event_configs":[{"event_name":"COMPUTE_ENV_CREATED"}]}]}
        """;

    [Fact]
    public async Task KeyOrNameThatIsTaken_LeavesNoTopic()
    {
        await RefusedAsync("/v1/jobs", Job("of-job"), Job("left-by-job"), StatusCodes.Status422UnprocessableEntity, "idempotency_key_reused");
        await RefusedAsync("/v1/environments", Environment("keyed", "of-env"), Environment("keyed-2", "left-by-env"), StatusCodes.Status422UnprocessableEntity, "idempotency_key_reused");
        using var taken = await server.PostAsync("/v1/environments", Environment("keyed", "left-by-name"));
        await ServerFixture.ProblemAsync(taken, StatusCodes.Status409Conflict, "environment_exists");

        var topics = await server.GetAsync<Page<TopicView>>("/v1/topics");
        Assert.Equal(["of-env", "of-job"], topics.Items.Select(topic => topic.TopicName).Where(name => name.StartsWith("of-", StringComparison.Ordinal) || name.StartsWith("left-", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task RepeatedRequest_HasItsAnswerThoughItsTopicIsGone()
    {
        var creation = new EnvironmentCreation(
            Options.Create(new NotificationLimits()),
            new TopicAdmission(server.Services.GetRequiredService<TopicStore>(), Options.Create(new NotificationOptions { UnknownTopic = UnknownTopicPolicy.Strict })),
            server.Services.GetRequiredService<SlurmAdmission>(),
            server.Services.GetRequiredService<IdempotencyGuard>(),
            server.Services.GetRequiredService<EnvironmentQueries>(),
            server.Services.GetRequiredService<EnvironmentStore>());
        using var made = await server.PostAsync("/v1/topics", """{"topic_name":"goes"}""");
        var wanted = new EnvironmentToCreate(JsonDocument.Parse(Environment("repeated", "goes")).RootElement, "user:test") { Key = new("test", "repeated", new byte[32]) };
        var first = Assert.IsType<Created<CreateEnvironmentResponse>>(await creation.CreateAsync(wanted, default));
        using var removed = await server.Client.DeleteAsync("/v1/topics/goes");

        var second = Assert.IsType<Created<CreateEnvironmentResponse>>(await creation.CreateAsync(wanted, default));

        Assert.Equal(first.Value, second.Value);
        Assert.IsType<ProblemResult>(await creation.CreateAsync(wanted with { Key = null }, default));
    }

    [Fact]
    public async Task RepeatedRequest_DoesNotMakeItsTopicAgain()
    {
        string[] bodies = [Job("went-job"), Environment("went", "went-env")];
        foreach (var (path, body) in new[] { "/v1/jobs", "/v1/environments" }.Zip(bodies))
        {
            using var first = await server.PostAsync(path, body, idempotencyKey: "went");
            foreach (var topic in (string[])["went-job", "went-env"])
            {
                using var removed = await server.Client.DeleteAsync($"/v1/topics/{topic}");
            }

            using var second = await server.PostAsync(path, body, idempotencyKey: "went");

            Assert.Equal(
                (StatusCodes.Status201Created, await first.Content.ReadAsStringAsync()),
                ((int)second.StatusCode, await second.Content.ReadAsStringAsync()));
        }

        Assert.Equal(0, await server.CountAsync("topics WHERE topic_key LIKE 'went-%'"));
    }

    /// <summary>It may come free before the request would be stored, which would then name topics that nobody made.</summary>
    [Fact]
    public async Task KeyOrNameThatWasTakenWhenLookedAt_IsRefusedForIt()
    {
        var taken = ApiResults.KeyReused();
        var naming = new NamingRequest(
            [new NotificationDocument { TopicName = "came-free", EventConfigs = [new() { EventName = "JOB_FAILED" }] }], "user:test", () => Task.FromResult<IReadOnlyList<ProblemItem>>([]), () => Task.FromResult<ProblemResult?>(taken));

        Assert.Same(taken, (await server.Services.GetRequiredService<TopicAdmission>().AdmitAsync(naming, default)).Refusal);
        Assert.Equal(0, await server.CountAsync("topics WHERE topic_key = 'came-free'"));
    }

    [Fact]
    public async Task NoMoreTopicsThanThereMayBe()
    {
        var (data, present) = (server.Services.GetRequiredService<NpgsqlDataSource>(), (int)await server.CountAsync("topics"));
        var options = Options.Create(new NotificationOptions { MaxTopics = present + 2 });
        var store = new TopicStore(data, options);
        var admission = new TopicAdmission(store, options);
        var service = new TopicService(store, server.Services.GetRequiredService<Server.Dispatch.Bus.TopologyFollower>());
        NamingRequest Naming(params string[] names) => new(
            [.. names.Select(name => new NotificationDocument { TopicName = name, EventConfigs = [new() { EventName = "JOB_FAILED" }] })], "user:test", () => Task.FromResult<IReadOnlyList<ProblemItem>>([]), () => Task.FromResult<ProblemResult?>(null));

        Assert.IsType<CreateTopicResult.Created>(await service.CreateAsync(new("bound-1"), "user:test", default));
        Assert.Equal("topics_full", (await admission.AdmitAsync(Naming("bound-1", "bound-2", "bound-3"), default)).Refusal?.Problem.Code);
        Assert.Null((await admission.AdmitAsync(Naming("BOUND-1", "bound-2"), default)).Refusal);
        Assert.IsType<CreateTopicResult.Full>(await service.CreateAsync(new("bound-3"), "user:test", default));
        Assert.IsType<CreateTopicResult.AlreadyExists>(await service.CreateAsync(new("Bound-2"), "user:test", default));
        Assert.Equal(present + 2, await server.CountAsync("topics"));
    }

    private async Task RefusedAsync(string path, string first, string second, int status, string code)
    {
        using var made = await server.PostAsync(path, first, idempotencyKey: "taken");
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync());
        using var refused = await server.PostAsync(path, second, idempotencyKey: "taken");
        await ServerFixture.ProblemAsync(refused, status, code);
    }
}
