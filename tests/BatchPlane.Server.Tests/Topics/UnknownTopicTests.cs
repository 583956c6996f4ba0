using System.Net;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Tests.Topics;

/// <summary>A server that refuses topics that do not exist.</summary>
public sealed class StrictServer : ServerFixture
{
    protected override Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync() =>
        Task.FromResult<IReadOnlyList<KeyValuePair<string, string?>>>([new("Notifications:UnknownTopic", "strict"), new("NotificationLimits:Endpoints", "http://1.mns.cn-a.aliyuncs.com")]);
}

/// <summary>A server that leaves topics that do not exist as they are.</summary>
public sealed class LenientServer : ServerFixture
{
    protected override Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync() =>
        Task.FromResult<IReadOnlyList<KeyValuePair<string, string?>>>([new("Notifications:UnknownTopic", "lenient")]);
}

/// <summary>Requests that name topics that do not exist.</summary>
public sealed class UnknownTopicTests(StrictServer strict, LenientServer lenient) : IClassFixture<StrictServer>, IClassFixture<LenientServer>
{
    private const string Both = """
        "notifications":[{"topic_names":["known","unknown"],"event_configs":[{"event_name":"JobFailed"}]}],"Notification":{"Topic":{"Name":"nowhere","Events":["OnJobStopped"]}}
        """;

    [Theory]
    [InlineData("/v1/jobs")]
    [InlineData("/v1/jobs?dry_run=true")]
    public async Task Strict_RefusesEachWithItsPath(string path)
    {
        using var made = await strict.PostAsync("/v1/topics", """{"topic_name":"Known"}""");

        using var refused = await strict.PostAsync(path, Job(Both));

        var problem = await ServerFixture.ProblemAsync(refused, 400, "invalid_request");
        Assert.Equal(["$.notifications[0].topic_names[1] topic_unknown", "$.notification.topic.name topic_unknown"], problem.Errors.Select(error => $"{error.Path} {error.Code}"));
        Assert.Equal(0, await strict.CountAsync("jobs WHERE notifications::text LIKE '%nowhere%'"));
        Assert.Equal(0, await strict.CountAsync("topics WHERE topic_key <> 'known'"));
    }

    [Fact]
    public async Task Strict_TakesThoseThatExistAndShowsThemAsGiven()
    {
        const string Given = """{"topic":{"name":"KNOWN","endpoint":"http://1.mns.cn-a.aliyuncs.com/","events":["OnJobFailed","OnJobStopped"]}}""";
        using var made = await strict.PostAsync("/v1/topics", """{"topic_name":"Known"}""");
        using var submitted = await strict.PostAsync("/v1/jobs", Job($"\"notification\":{Given}"));
        using var created = await strict.PostAsync("/v1/environments", """{"env_name":"told","provider":"attached","Notification":{"Topic":{"Name":"known","Events":["OnClusterDeleted"]}}}""");

        var job = await strict.GetAsync<JobDetail>($"/v1/jobs/{(await ServerFixture.ReadAsync<SubmitJobResponse>(submitted)).JobId}");
        var environment = await strict.GetAsync<EnvironmentView>($"/v1/environments/{(await ServerFixture.ReadAsync<CreateEnvironmentResponse>(created)).EnvId}");
        using var again = await strict.PostAsync("/v1/jobs", Job($"\"notifications\":{Json(job.Notifications)},\"notification\":{Json(job.Notification)}"));

        Assert.Equal((Given, 0), (Json(job.Notification), job.Notifications.Count));
        Assert.Equal(("""{"topic":{"name":"known","events":["OnClusterDeleted"]}}""", 0), (Json(environment.Notification), environment.Notifications.Count));
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (submitted.StatusCode, again.StatusCode));
    }

    [Fact]
    public async Task Lenient_TakesTheRequestAndMakesNothing()
    {
        using var dry = await lenient.PostAsync("/v1/jobs?dry_run=true", Job(Both));
        using var submitted = await lenient.PostAsync("/v1/jobs", Job(Both));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Created), (dry.StatusCode, submitted.StatusCode));
        Assert.Equal((1, 0), (await lenient.CountAsync("jobs"), await lenient.CountAsync("topics")));
        var planned = (await ServerFixture.ReadAsync<JobPlan>(dry)).Document;
        Assert.Equal((1, "nowhere"), (planned.Notifications.Count, planned.Notification?.Topic.Name));
    }

    private static string Job(string members) => $$$"""{"tasks":[{"application":{"command":"true"}}],{{{members}}}}""";

    private static string Json<T>(T value) => System.Text.Json.JsonSerializer.Serialize(value, BatchPlaneJson.Options);
}
