using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BatchPlane.EndToEnd.Tests.Cli;

public sealed class JobCommandTests
{
    private const string NoCounts =
        """{"submitted_count":0,"pending_count":0,"runnable_count":0,"starting_count":0,"running_count":0,"succeed_count":0,"failed_count":0,"failed_interrupted_count":0}""";

    private const string Counts =
        """{"submitted_count":0,"pending_count":1,"runnable_count":2,"starting_count":1,"running_count":1,"succeed_count":2,"failed_count":1,"failed_interrupted_count":0}""";

    [Fact]
    public async Task Jobs_PlainTableIsTheGoldenOneAndFollowsCursors()
    {
        await using var server = await FakeServer.StartAsync(app => app.MapGet("/v1/jobs", (string? cursor) => FakeServer.Json(
            cursor is null
                ? $$"""{"items":[{{Job("job-00000001", "RUNNING")}}],"next_cursor":"c1"}"""
                : $$"""{"items":[{{Job("job-00000002", "FAILED", "task_failed", "task a: instance 3 ended with exit code 2\nsecond line")}}]}""")));

        var run = await CliRun.Of("jobs", "--server", server.Url);

        Assert.Equal(0, run.ExitCode);
        Golden.Equal("jobs.txt", run.Out);
    }

    [Fact]
    public async Task Jobs_AsJsonKeepsMembersOfANewerServer()
    {
        await using var server = await FakeServer.StartAsync(app => app.MapGet("/v1/jobs", () => FakeServer.Json(
            $$"""{"items":[{{Job("job-00000001", "RUNNING")[..^1]}},"added_later":7}]}""")));

        var run = await CliRun.Of("jobs", "-o", "json", "--server", server.Url);

        using var document = JsonDocument.Parse(run.Out);
        Assert.Equal(7, document.RootElement[0].GetProperty("added_later").GetInt32());
    }

    [Fact]
    public async Task Jobs_StateInAnySpellingBecomesTheWireName()
    {
        string? asked = null;
        await using var server = await FakeServer.StartAsync(app => app.MapGet("/v1/jobs", (string? state) =>
        {
            asked = state;
            return FakeServer.Json("""{"items":[]}""");
        }));

        await CliRun.Of("jobs", "--state", "failedInterrupted", "--server", server.Url);

        Assert.Equal("FAILED_INTERRUPTED", asked);
    }

    [Fact]
    public async Task Job_PlainFormIsTheGoldenOne()
    {
        await using var server = await FakeServer.StartAsync(app => app.MapGet("/v1/jobs/{id}", (string id) =>
            FakeServer.Json(Detail(id, "FAILED", "task_failed", "task count: instance 3 ended with exit code 2"))));

        var run = await CliRun.Of("job", "job-00000001", "--server", server.Url);

        Assert.Equal(0, run.ExitCode);
        Golden.Equal("job.txt", run.Out);
    }

    [Fact]
    public async Task SubmitDryRun_PlainFormIsTheGoldenOne()
    {
        string? asked = null;
        await using var server = await FakeServer.StartAsync(app => app.MapPost("/v1/jobs", (HttpRequest request) =>
        {
            asked = request.QueryString.Value;
            return FakeServer.Json("""
                {"document":{"tasks":[]},"tasks":[
                  {"task_name":"split","env_id":"env-00000001","running_nodes":2,"fitting_nodes":2,"starts_now":true,"position":1,"estimated_seconds_to_start":0,
                   "reasons":[{"code":"about_to_start","message":"Nothing is in the way: a node will take an instance within moments."}]},
                  {"task_name":"large","env_id":"env-00000001","running_nodes":2,"fitting_nodes":0,"starts_now":false,
                   "reasons":[{"code":"fits_nowhere","message":"An instance needs 1 slot, 64 cpu: more than any running node of env-00000001 has (8 slots, 8 cpu, 16000 MiB)."}]}]}
                """);
        }));

        var run = await CliRun.Of(new Dictionary<string, string>(), Path.GetTempPath(), "{}", "submit", "-", "--dry-run", "--server", server.Url);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal("?dry_run=true", asked);
        Golden.Equal("submit-dry-run.txt", run.Out);
    }

    [Fact]
    public async Task Explain_PlainFormIsTheGoldenOne()
    {
        await using var server = await FakeServer.StartAsync(app => app.MapGet("/v1/jobs/{id}/explain", (string id) => FakeServer.Json($$"""
            {"job_id":"{{id}}","job_state":"RUNNABLE","tasks":[
              {"task_name":"split","task_state":"RUNNING","env_id":"env-00000001","waiting_instances":90,"held_instances":10,"position":41,"estimated_seconds_to_start":75.2,
               "reasons":[{"code":"higher_priority","message":"40 instances of 1 job come first, by their priority: job-00000002."},{"code":"slots_busy","message":"10 of 10 slots of the 1 running node of env-00000001 are busy; an instance needs 1 slot."}]},
              {"task_name":"count","task_state":"PENDING","env_id":"env-00000001","waiting_instances":3,"held_instances":0,
               "reasons":[{"code":"dependency","message":"Waits for the task 'split' to succeed; it is RUNNING.","start_task":"split","start_task_state":"RUNNING","on":"succeed"}]},
              {"task_name":"probe","task_state":"RUNNABLE","env_id":"env-00000001","waiting_instances":1,"held_instances":0,"position":2,
               "reasons":[{"code":"slots_busy","message":"10 of 10 slots of the 1 running node of env-00000001 are busy; an instance needs 1 slot."}]}]}
            """)));

        var run = await CliRun.Of("explain", "job-00000001", "--server", server.Url);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Golden.Equal("explain.txt", run.Out);
    }

    [Theory]
    [InlineData("SUCCEED", "succeeded", 0)]
    [InlineData("FAILED", "task_failed", 1)]
    [InlineData("FAILED_INTERRUPTED", "task_failed", 1)]
    [InlineData("FAILED", "terminated", 3)]
    public async Task Wait_ExitCodeTellsHowTheJobEnded(string state, string cause, int exitCode)
    {
        var looks = 0;
        await using var server = await FakeServer.StartAsync(app => app.MapGet("/v1/jobs/{id}", (string id) =>
            FakeServer.Json(looks++ < 2 ? Detail(id, "RUNNING") : Detail(id, state, cause, "why"))));

        var run = await CliRun.Of("wait", "job-00000001", "--server", server.Url);

        Assert.Equal(exitCode, run.ExitCode);
        Assert.StartsWith($"job-00000001 {state}", run.Out, StringComparison.Ordinal);
        Assert.Single(run.Error.Split('\n'), line => line.StartsWith("job-00000001 RUNNING 42%: count RUNNING 3/8", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Wait_TimeoutExitsWith4()
    {
        await using var server = await FakeServer.StartAsync(app => app.MapGet("/v1/jobs/{id}", (string id) =>
            FakeServer.Json(Detail(id, "RUNNING"))));

        var run = await CliRun.Of("wait", "job-00000001", "--timeout", "0.05", "--server", server.Url);

        Assert.Equal(4, run.ExitCode);
    }

    [Fact]
    public async Task Wait_SitsOutAServerRestart()
    {
        var looks = 0;
        await using var server = await FakeServer.StartAsync(app => app.MapGet("/v1/jobs/{id}", (string id) => looks++ switch
        {
            0 => FakeServer.Json(Detail(id, "RUNNING")),
            1 => Results.StatusCode(503),
            _ => FakeServer.Json(Detail(id, "SUCCEED", "succeeded")),
        }));

        var run = await CliRun.Of("wait", "job-00000001", "--server", server.Url);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("trying again", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_RefusalShowsEveryProblemWithItsPath()
    {
        await using var server = await FakeServer.StartAsync(app => app.MapPost("/v1/jobs", () => FakeServer.Json(
            """
            {"type":"urn:batchplane:problem:invalid_request","title":"The request is not valid.","status":400,"code":"invalid_request","detail":"2 problems were found.","errors":[
              {"path":"$.priority","code":"priority_out_of_range","message":"Expected 0 to 100, given the number 101."},
              {"path":"$.tasks[1].task_name","code":"task_name_duplicate","message":"Another task is named \"build\", too."}]}
            """, 400)));

        var run = await CliRun.Of(new Dictionary<string, string>(), "/", "{}", "submit", "-", "--server", server.Url);

        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Out);
        Golden.Equal("refused.txt", run.Error);
    }

    [Fact]
    public async Task Submit_SendsTheFileAsItIsWithItsKey()
    {
        const string File = "{ \"JobName\": \"x\",\n  \"odd\": 1.0 }";
        var (body, key) = ("", "");
        await using var server = await FakeServer.StartAsync(app => app.MapPost("/v1/jobs", async (HttpRequest request) =>
        {
            body = await new StreamReader(request.Body).ReadToEndAsync();
            key = request.Headers["Idempotency-Key"].ToString();
            return FakeServer.Json("""{"job_id":"job-00000001"}""", 201);
        }));

        var run = await CliRun.Of(
            new Dictionary<string, string>(), "/", File, "submit", "-", "--idempotency-key", "k1", "--server", server.Url);

        Assert.Equal((0, "job-00000001\n"), (run.ExitCode, run.Out));
        Assert.Equal((File, "k1"), (body, key));
    }

    [Fact]
    public async Task SubmitWithEnvironment_ReplacesTheJobsInAnySpelling()
    {
        var body = "";
        await using var server = await FakeServer.StartAsync(app => app.MapPost("/v1/jobs", async (HttpRequest request) =>
        {
            body = await new StreamReader(request.Body).ReadToEndAsync();
            return FakeServer.Json("""{"job_id":"job-00000001"}""", 201);
        }));

        await CliRun.Of(
            new Dictionary<string, string>(), "/", """{"EnvId":"env-old","job_name":"x"}""", "submit", "-", "--env", "env-new", "--server", server.Url);

        Assert.Equal("""{"job_name":"x","env_id":"env-new"}""", body);
    }

    [Fact]
    public async Task EventsFollow_EndsWhenTheJobHasEndedAndMissesNothing()
    {
        var looks = 0;
        await using var server = await FakeServer.StartAsync(app =>
        {
            app.MapGet("/v1/jobs/{id}", (string id) => FakeServer.Json(looks++ < 1 ? Detail(id, "RUNNING") : Detail(id, "SUCCEED", "succeeded")));
            app.MapGet("/v1/jobs/{id}/events", (long after) => FakeServer.Json(after switch
            {
                0 => $$"""{"items":[{{Event(1, "JOB_SUBMITTED", "job", "")}},{{Event(2, "TASK_INSTANCE_FAILED", "task_instance", "\"task_name\":\"count\",\"task_instance_index\":3,\"attempt\":1,\"compute_node_id\":\"node-00000001\",\"exit_code\":2,\"cause\":\"exit_code\",")}}]}""",
                2 => $$"""{"items":[{{Event(3, "JOB_SUCCEED", "job", "\"topics\":[\"job-message\"],")}}]}""",
                _ => """{"items":[]}""",
            }));
        });

        var run = await CliRun.Of("events", "job-00000001", "--follow", "--server", server.Url);

        Assert.Equal(0, run.ExitCode);
        Golden.Equal("events.txt", run.Out);
    }

    [Fact]
    public async Task Logs_AreCopiedByteForByte()
    {
        await using var server = await FakeServer.StartAsync(app => app.MapGet(
            "/v1/jobs/{id}/tasks/{task}/instances/{index:int}/logs/{stream}",
            (string task, int index, string stream, int? attempt) => Results.Text($"{task} {index} {stream} {attempt}\nno newline at the end")));

        var run = await CliRun.Of("logs", "job-00000001", "count", "3", "--stderr", "--attempt", "2", "--server", server.Url);

        Assert.Equal("count 3 stderr 2\nno newline at the end", run.Out);
    }

    private static string Job(string id, string state, string? cause = null, string reason = "") =>
        $$"""
        {"job_id":"{{id}}","job_name":"wordcount","job_state":"{{state}}","priority":0,{{(cause is null ? "" : $"\"cause\":\"{cause}\",\"finished_at\":\"2025-10-09T08:53:22.400Z\",")}}
         "state_reason":{{JsonSerializer.Serialize(reason)}},"created_at":"2025-10-09T08:53:20Z","tags":[],
         "task_instance_metrics":{{Counts}},"progress":{"percent":42.99} }
        """.ReplaceLineEndings("");

    private static string Detail(string id, string state, string? cause = null, string reason = "") =>
        $$"""
        {{Job(id, state, cause, reason)[..^1]}},"job_description":"","notifications":[{"topic_name":"job-message","event_configs":[]}],
         "dependences":[{"start_task":"split","end_task":"count"}],"task_metrics":{{NoCounts}},"tasks":[
          {"task_name":"count","task_state":"RUNNING","env_id":"env-00000001","task_instance_num":8,
           "task_instance_metrics":{{Counts}},"progress":{"percent":43} }]}
        """;

    private static string Event(long sequence, string name, string level, string more) =>
        $$"""
        {"event_id":"job-00000001:{{sequence}}","sequence":{{sequence}},"subject_id":"job-00000001","level":"{{level}}","event_name":"{{name}}",{{more}}
         "state":"X","source":"engine","occurred_at":"2025-10-09T08:53:20.123456Z"}
        """;
}
