using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Server.Api.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace BatchPlane.Server.Tests.Jobs;

/// <summary>A container in a job: who sees its password, and which nodes get its instances.</summary>
public sealed class DockerJobTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private const string Secret = "correct horse";
    private const string Docker = $$"""{"image":"r.example/tool:1","user":"bob","password":"{{Secret}}","docker_run_option":"--init"}""";
    private const string Application = $$"""{"command":"true","docker":{{Docker}}}""";

    [Fact]
    public async Task Password_ReachesTheAgentAndNobodyElse()
    {
        var (env, nodes) = await EnvironmentAsync(engines: ["podman 4.3.1"]);
        var job = await SubmitAsync($$$"""{"tasks":[{"env_id":"{{{env}}}","application":{{{Application}}}}]}""");

        using var plan = await server.PostAsync("/v1/jobs?dry_run=true", $$$"""{"tasks":[{"env_id":"{{{env}}}","application":{{{Application}}}}]}""");
        var planned = await plan.Content.ReadAsStringAsync();
        var claim = Assert.Single((await PollAsync(nodes[0])).Claims);

        Assert.Equal(("bob", Secret, "--init"), (claim.Run.Docker!.User, claim.Run.Docker.Password, claim.Run.Docker.DockerRunOption));
        Assert.Contains(DockerDocument.Mask, planned, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, planned, StringComparison.Ordinal);
        await AssertNowhereAsync("jobs", "tasks", "events", "idempotency_keys");
        foreach (var path in new[] { "", "/explain", "/events", "/tasks/task/instances" })
        {
            Assert.DoesNotContain(Secret, await server.Client.GetStringAsync(new Uri($"/v1/jobs/{job}{path}", UriKind.Relative)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task PasswordOfATemplate_IsMaskedThereAndGoesOnToItsJobs()
    {
        var (env, nodes) = await EnvironmentAsync(engines: ["podman 4.3.1"]);
        using var made = await server.PostAsync("/v1/task-templates", $$$$"""{"task_template_name":"{{{{env}}}}","task_template_info":{"Application":{"Command":"true","Docker":{{{{Docker}}}}}}}""");
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync());

        await SubmitAsync($$"""{"tasks":[{"env_id":"{{env}}","task_template":"{{env}}"}]}""");
        var shown = await server.Client.GetStringAsync(new Uri($"/v1/task-templates/{env}", UriKind.Relative));
        var listed = await server.Client.GetStringAsync(new Uri("/v1/task-templates", UriKind.Relative));
        var claim = Assert.Single((await PollAsync(nodes[0])).Claims);

        Assert.Equal(("bob", Secret), (claim.Run.Docker!.User, claim.Run.Docker.Password));
        Assert.Contains(DockerDocument.Mask, shown, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, shown + listed, StringComparison.Ordinal);
        await AssertNowhereAsync("task_templates", "jobs", "tasks");
    }

    [Fact]
    public async Task NodeWithoutAnEngine_GetsOtherWorkOnly()
    {
        var (env, nodes) = await EnvironmentAsync(engines: [null]);
        var job = await SubmitAsync($$$"""{"tasks":[{"task_name":"boxed","env_id":"{{{env}}}","application":{{{Application}}}},{"task_name":"plain","env_id":"{{{env}}}","application":{"command":"true"}}]}""");

        var claim = Assert.Single((await PollAsync(nodes[0])).Claims);
        var explained = (await server.GetAsync<JobExplanation>($"/v1/jobs/{job}/explain")).Tasks.Single(task => task.TaskName == "boxed");

        Assert.Equal("plain", claim.TaskName);
        Assert.Equal(("no_container_engine", null), (Assert.Single(explained.Reasons).Code, explained.Position));
        Assert.Contains(env, explained.Reasons[0].Message, StringComparison.Ordinal);

        // Another node that has one takes it, and the list of nodes says which does.
        var engine = await JoinAsync(env, "docker 24.0.7");
        Assert.Equal("boxed", Assert.Single((await PollAsync(engine)).Claims).TaskName);
        var listed = await server.GetAsync<Page<NodeView>>($"/v1/environments/{env}/nodes");
        Assert.Equal([null, "docker 24.0.7"], listed.Items.OrderBy(node => node.ContainerEngine).Select(node => node.ContainerEngine));
    }

    private async Task<(string Env, IReadOnlyList<JoinResponse> Nodes)> EnvironmentAsync(string?[] engines)
    {
        using var made = await server.PostAsync("/v1/environments", $$"""{"env_name":"boxes-{{Guid.NewGuid().ToString("n")[..8]}}","provider":"attached"}""");
        var env = JsonDocument.Parse(await made.Content.ReadAsStringAsync()).RootElement.GetProperty("env_id").GetString()!;
        var nodes = new List<JoinResponse>();
        foreach (var engine in engines)
        {
            nodes.Add(await JoinAsync(env, engine));
        }

        return (env, nodes);
    }

    private async Task<JoinResponse> JoinAsync(string env, string? engine)
    {
        var token = server.Services.GetRequiredService<JoinToken>().Value;
        return await SendAsync<JoinResponse>(AgentRoutes.Join, token, new JoinRequest { Env = env, HostName = "h", Cpu = 2, Mem = 4, Slots = 4, AgentVersion = "1", ContainerEngine = engine });
    }

    private Task<WorkResponse> PollAsync(JoinResponse node) => SendAsync<WorkResponse>(
        AgentRoutes.Work(node.NodeId), node.NodeToken, new WorkRequest { Epoch = node.Epoch, Capacity = 4, FreeCpuMillis = 2_000, FreeMemoryMib = 4_096, WaitSeconds = 10 });

    private async Task<T> SendAsync<T>(string route, string token, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, route) { Content = JsonContent.Create(body, body.GetType(), options: BatchPlaneJson.Options) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await server.Anonymous.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await ServerFixture.ReadAsync<T>(response);
    }

    private async Task<string> SubmitAsync(string job)
    {
        using var response = await server.PostAsync("/v1/jobs", job, idempotencyKey: Guid.NewGuid().ToString());
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await ServerFixture.ReadAsync<SubmitJobResponse>(response)).JobId;
    }

    // The rows as text: the user's name has to be in some of them, or the search would prove nothing.
    private async Task AssertNowhereAsync(params string[] tables)
    {
        Assert.NotEqual(0, await HitsAsync(tables, "bob"));
        Assert.Equal(0, await HitsAsync(tables, Secret));
    }

    private async Task<long> HitsAsync(string[] tables, string text)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        var hits = 0L;
        foreach (var table in tables)
        {
            await using var command = new NpgsqlCommand($"SELECT count(*) FROM {table} AS row WHERE strpos(row::text, @text) > 0", connection);
            command.Parameters.AddWithValue("text", text);
            hits += (long)(await command.ExecuteScalarAsync())!;
        }

        return hits;
    }
}
