using System.Net;
using System.Text;
using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Tests.TaskTemplates;

public sealed class TaskTemplateEndpointTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private readonly string _name = "tmpl-" + Guid.NewGuid().ToString("N")[..8];

    [Fact]
    public async Task Template_IsMadeFoundListedChangedAndDeleted()
    {
        var id = await CreateAsync("""{"Application":{"Command":"true"},"timeout":60}""", ""","tags":[{"key":"team","value":"a"}],"task_template_description":"first" """);

        var byName = await server.GetAsync<TaskTemplateView>($"/v1/task-templates/{_name}");
        var listed = await server.GetAsync<Page<TaskTemplateView>>($"/v1/task-templates?name_prefix={_name}&tag=team:a");
        using var changed = await PatchAsync(id, """{"task_template_description":"second"}""");
        var byId = await server.GetAsync<TaskTemplateView>($"/v1/task-templates/{id}");
        using var deleted = await server.Client.DeleteAsync($"/v1/task-templates/{_name}");
        using var gone = await server.Client.GetAsync($"/v1/task-templates/{id}");

        Assert.Matches("^task-tmpl-[a-z0-9]{8}$", id);
        Assert.Equal((id, "first", 60), (byName.TaskTemplateId, byName.TaskTemplateDescription, byName.TaskTemplateInfo.GetProperty("timeout").GetInt32()));
        Assert.Equal([id], listed.Items.Select(template => template.TaskTemplateId));
        Assert.Equal((HttpStatusCode.NoContent, "second", _name), (changed.StatusCode, byId.TaskTemplateDescription, byId.TaskTemplateName));
        Assert.Equal(60, byId.TaskTemplateInfo.GetProperty("timeout").GetInt32());
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await ServerFixture.ProblemAsync(gone, 404, "task_template_not_found");
    }

    [Fact]
    public async Task JobOfATemplate_IsStoredResolvedAndKeepsItsOwnMembers()
    {
        var id = await CreateAsync("""{"application":{"command":"echo a"},"timeout":60,"max_retry_count":3,"env_vars":[{"name":"X","value":"1"}]}""");

        var jobId = await SubmitAsync($$$"""{"tasks":[{"task_name":"one","TaskTemplate":"{{{id}}}","timeout":10},{"task_name":"two","task_template":"{{{_name}}}","application":{"command":"echo b"}}]}""");
        using var changed = await PatchAsync(_name, """{"task_template_info":{"application":{"command":"changed"}}}""");
        var document = await StoredAsync(jobId);

        Assert.Equal([("one", "echo a", 10, 3), ("two", "echo b", 60, 3)], document.Tasks.Select(task => (task.TaskName, task.Application.Command!, task.Timeout, task.MaxRetryCount)));
        Assert.All(document.Tasks, task => Assert.Null(task.TaskTemplate));
        Assert.All(document.Tasks, task => Assert.Equal([new EnvVarDocument("X", "1")], task.EnvVars));
    }

    [Fact]
    public async Task DryRunOfATemplate_ShowsWhatComesOfIt()
    {
        await CreateAsync("""{"task_name":"given","application":{"command":"echo a"}}""");

        using var response = await server.PostAsync("/v1/jobs?dry_run=true", $$"""{"tasks":[{"task_template":"{{_name}}"}]}""");
        var plan = await ServerFixture.ReadAsync<JobPlan>(response);

        Assert.Equal(("given", "echo a"), (plan.Document.Tasks[0].TaskName, plan.Document.Tasks[0].Application.Command));
    }

    [Fact]
    public async Task UnknownTemplate_IsTheOnlyProblemOfItsTask()
    {
        using var response = await server.PostAsync("/v1/jobs", """{"tasks":[{"task_template":"no-such"}]}""");

        var problem = await ServerFixture.ProblemAsync(response, 400, "invalid_request");
        Assert.Equal(("$.tasks[0].task_template", "task_template_unknown"), (Assert.Single(problem.Errors).Path, problem.Errors[0].Code));
    }

    [Fact]
    public async Task TemplateAboveALaterLimit_IsRefusedWhereItIsUsed()
    {
        await CreateAsync("""{"application":{"command":"true"}}""");

        using var response = await server.PostAsync("/v1/jobs", $$"""{"tasks":[{"task_template":"{{_name}}","timeout":0}]}""");

        var problem = await ServerFixture.ProblemAsync(response, 400, "invalid_request");
        Assert.Equal(("$.tasks[0].timeout", "timeout_out_of_range"), (Assert.Single(problem.Errors).Path, problem.Errors[0].Code));
    }

    /// <summary>Whoever asks again because an answer was lost gets it, whatever became of the template; other bodies and keys are refused as ever.</summary>
    [Fact]
    public async Task SubmitRepeatedWithItsKey_IsAnsweredThoughTheTemplateIsGone()
    {
        await CreateAsync("""{"application":{"command":"true"}}""");
        var (key, job) = (Guid.NewGuid().ToString(), $$"""{"tasks":[{"task_template":"{{_name}}"}]}""");
        using var first = await server.PostAsync("/v1/jobs", job, key);
        using (await server.Client.DeleteAsync($"/v1/task-templates/{_name}"))
        {
        }

        using var again = await server.PostAsync("/v1/jobs", job, key);
        using var otherKey = await server.PostAsync("/v1/jobs", job, Guid.NewGuid().ToString());
        using var otherBody = await server.PostAsync("/v1/jobs", job + " ", key);
        using var dryRun = await server.PostAsync("/v1/jobs?dry_run=true", job, key);

        Assert.Equal(HttpStatusCode.Created, again.StatusCode);
        Assert.Equal((await ServerFixture.ReadAsync<SubmitJobResponse>(first)).JobId, (await ServerFixture.ReadAsync<SubmitJobResponse>(again)).JobId);
        Assert.All([otherKey, otherBody, dryRun], refused => Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode));
    }

    [Fact]
    public async Task NameOfAnother_IsRefused()
    {
        await CreateAsync("""{"application":{"command":"true"}}""");
        using var again = await server.PostAsync("/v1/task-templates", Body(_name, """{"application":{"command":"true"}}"""));
        using var other = await server.PostAsync("/v1/task-templates", Body(_name + "-b", """{"application":{"command":"true"}}"""));
        using var renamed = await PatchAsync(_name + "-b", $$"""{"task_template_name":"{{_name}}"}""");

        await ServerFixture.ProblemAsync(again, 409, "task_template_exists");
        await ServerFixture.ProblemAsync(renamed, 409, "task_template_exists");
    }

    [Fact]
    public async Task SameKeyAndBody_GiveTheSameTemplate()
    {
        var key = Guid.NewGuid().ToString();
        var body = Body(_name, """{"application":{"command":"true"}}""");

        using var first = await server.PostAsync("/v1/task-templates", body, key);
        using var second = await server.PostAsync("/v1/task-templates", body, key);

        Assert.Equal((await ServerFixture.ReadAsync<CreateTaskTemplateResponse>(first)).TaskTemplateId, (await ServerFixture.ReadAsync<CreateTaskTemplateResponse>(second)).TaskTemplateId);
    }

    public static TheoryData<string, string, string> Refusals => new()
    {
        { "{}", "$.task_template_name", "required" },
        { Body("a b", Task), "$.task_template_name", "task_template_name_invalid" },
        { Body("task-tmpl-00000000", Task), "$.task_template_name", "task_template_name_invalid" },
        { Body(new string('n', 61), Task), "$.task_template_name", "task_template_name_too_long" },
        { Body("n", Task, $",\"task_template_description\":\"{new string('d', 201)}\""), "$.task_template_description", "task_template_description_too_long" },
        { Body("n", "{}"), "$.task_template_info.application", "required" },
        { Body("n", """{"application":{"command":"true"},"timeout":0}"""), "$.task_template_info.timeout", "timeout_out_of_range" },
        { Body("n", """{"application":{"command":"true"},"task_template":"other"}"""), "$.task_template_info.task_template", "task_template_nested" },
        { Body("n", Task, ",\"tags\":[{\"key\":\"\",\"value\":\"\"}]"), "$.tags[0].key", "tag_key_invalid" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task BadTemplate_IsRefusedAndNothingStored(string body, string path, string code)
    {
        var before = await server.CountAsync("task_templates");

        using var response = await server.PostAsync("/v1/task-templates", body);

        var problem = await ServerFixture.ProblemAsync(response, 400, "invalid_request");
        Assert.Contains((path, code), problem.Errors.Select(error => (error.Path, error.Code)));
        Assert.Equal(before, await server.CountAsync("task_templates"));
    }

    [Fact]
    public async Task ChangeOfNothing_IsRefused()
    {
        using var response = await PatchAsync("any", "{}");

        var problem = await ServerFixture.ProblemAsync(response, 400, "invalid_request");
        Assert.Equal("at_least_one_member", Assert.Single(problem.Errors).Code);
    }

    private const string Task = """{"application":{"command":"true"}}""";

    private static string Body(string name, string task, string more = "") => $$$"""{"task_template_name":"{{{name}}}","task_template_info":{{{task}}}{{{more}}}}""";

    private async Task<string> CreateAsync(string task, string more = "")
    {
        using var response = await server.PostAsync("/v1/task-templates", Body(_name, task, more));
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        return (await ServerFixture.ReadAsync<CreateTaskTemplateResponse>(response)).TaskTemplateId;
    }

    private async Task<string> SubmitAsync(string json)
    {
        using var response = await server.PostAsync("/v1/jobs", json);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await ServerFixture.ReadAsync<SubmitJobResponse>(response)).JobId;
    }

    private async Task<JobDocument> StoredAsync(string jobId)
    {
        await using var connection = new Npgsql.NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new Npgsql.NpgsqlCommand($"SELECT document FROM jobs WHERE job_id = '{jobId}'", connection);
        return JsonSerializer.Deserialize<JobDocument>((string)(await command.ExecuteScalarAsync())!, BatchPlaneJson.Options)!;
    }

    private Task<HttpResponseMessage> PatchAsync(string id, string json) =>
        server.Client.PatchAsync($"/v1/task-templates/{id}", new StringContent(json, Encoding.UTF8, "application/json"));
}
