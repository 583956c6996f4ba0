using BatchPlane.Contracts;

namespace BatchPlane.Server.Tests.Jobs;

public sealed class ListFilterTests(ServerFixture server) : IClassFixture<ServerFixture>, IAsyncLifetime
{
    private readonly string _run = Guid.NewGuid().ToString("N")[..8];
    private string _red = null!;
    private string _redLarge = null!;
    private string _blue = null!;

    public async Task InitializeAsync()
    {
        await server.ExecuteAsync("""
            INSERT INTO environments (env_id, env_name, env_description, state, provider, is_default, desired_node_count, notifications, interest, tags, created_by, created_at)
            VALUES ('env-filter01', 'filter_one', '', 'CREATED', 'attached', false, 0, '[]', array[]::integer[], '[{"key":"colour","value":"green"}]', 'test', now()) ON CONFLICT DO NOTHING
            """);
        _red = await SubmitAsync("red", 10, null, ("run", _run), ("colour", "red"));
        _redLarge = await SubmitAsync("red%large", 20, "env-filter01", ("run", _run), ("colour", "red"), ("size", "a:b"));
        _blue = await SubmitAsync("blue", 30, "env-filter01", ("run", _run), ("colour", "blue"));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Tags_AllHaveToMatch()
    {
        Assert.Equal([_blue, _redLarge, _red], await ListAsync(""));
        Assert.Equal([_redLarge, _red], await ListAsync("&tag=colour:red"));
        Assert.Equal([_redLarge], await ListAsync("&tag=colour:red&tag=size:a:b"));
        Assert.Equal([_redLarge], await ListAsync("&tag=size"));
        Assert.Empty(await ListAsync("&tag=colour:red&tag=colour:blue"));
        Assert.Empty(await ListAsync("&tag=red:colour"));
    }

    [Fact]
    public async Task NamePrefix_IsTakenAsItIs()
    {
        Assert.Equal([_redLarge, _red], await ListAsync("&name_prefix=red"));
        Assert.Equal([_redLarge], await ListAsync("&name_prefix=red%25"));
        Assert.Empty(await ListAsync("&name_prefix=r_d"));
    }

    [Fact]
    public async Task Environment_Priority_State_AndTime_Narrow()
    {
        using var response = await server.PostAsync($"/v1/jobs/{_red}/terminate", "{}");
        var blue = await server.GetAsync<JobDetail>($"/v1/jobs/{_blue}");
        var instant = blue.CreatedAt.ToString("o");

        Assert.Equal([_blue, _redLarge], await ListAsync("&env_id=env-filter01"));
        Assert.Equal([_redLarge], await ListAsync("&min_priority=11&max_priority=29"));
        Assert.Equal([_blue, _redLarge], await ListAsync("&state=RUNNABLE,PENDING"));
        Assert.Equal([_red], await ListAsync("&state=FAILED"));
        Assert.Equal([_blue], await ListAsync($"&created_from={Uri.EscapeDataString(instant)}"));
        Assert.Equal([_redLarge, _red], await ListAsync($"&created_before={Uri.EscapeDataString(instant)}"));
    }

    [Fact]
    public async Task Filters_KeepThePages()
    {
        var first = await server.GetAsync<Page<JobView>>($"/v1/jobs?tag=run:{_run}&tag=colour:red&limit=1");
        var second = await server.GetAsync<Page<JobView>>($"/v1/jobs?tag=run:{_run}&tag=colour:red&limit=1&cursor={first.NextCursor}");

        Assert.Equal([_redLarge, _red], first.Items.Concat(second.Items).Select(job => job.JobId));
        Assert.Null(second.NextCursor);
    }

    [Fact]
    public async Task Environments_AreFilteredAsWell()
    {
        Assert.Equal(["env-filter01"], (await server.GetAsync<Page<EnvironmentView>>("/v1/environments?tag=colour:green&name_prefix=filter_&state=CREATED")).Items.Select(environment => environment.EnvId));
        Assert.Empty((await server.GetAsync<Page<EnvironmentView>>("/v1/environments?tag=colour:red")).Items);
        Assert.Empty((await server.GetAsync<Page<EnvironmentView>>("/v1/environments?name_prefix=filter-")).Items);
    }

    [Theory]
    [InlineData("tag=:red", "?tag", "tag_key_invalid")]
    [InlineData("created_from=yesterday", "?created_from", "instant_invalid")]
    [InlineData("created_before=2025-10-09T08:53:20", "?created_before", "instant_invalid")]
    [InlineData("min_priority=101", "?min_priority", "out_of_range")]
    [InlineData("name_prefix=a%00", "?name_prefix", "text_invalid")]
    public async Task BadFilter_IsRefused(string filter, string path, string code)
    {
        using var response = await server.Client.GetAsync($"/v1/jobs?{filter}");

        var problem = await ServerFixture.ProblemAsync(response, 400, "invalid_request");
        Assert.Equal((path, code), (Assert.Single(problem.Errors).Path, problem.Errors[0].Code));
    }

    private async Task<List<string>> ListAsync(string filters) =>
        [.. (await server.GetAsync<Page<JobView>>($"/v1/jobs?tag=run:{_run}{filters}")).Items.Select(job => job.JobId)];

    private async Task<string> SubmitAsync(string name, int priority, string? envId, params (string Key, string Value)[] tags)
    {
        var labels = string.Join(',', tags.Select(tag => $$"""{"key":"{{tag.Key}}","value":"{{tag.Value}}"}"""));
        var environment = envId is null ? "" : $"\"env_id\":\"{envId}\",";
        using var response = await server.PostAsync("/v1/jobs", $$$"""{"job_name":"{{{name}}}","priority":{{{priority}}},{{{environment}}}"tags":[{{{labels}}}],"tasks":[{"application":{"command":"true"}}]}""");
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await ServerFixture.ReadAsync<SubmitJobResponse>(response)).JobId;
    }
}
