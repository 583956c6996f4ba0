using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace BatchPlane.EndToEnd.Tests.Cli;

/// <summary><c>batchplane events</c> and <c>executions</c> over all jobs: what they ask for, and what they make of answers.</summary>
public sealed class WholeJournalTests
{
    [Theory]
    [InlineData("oldest_cursor", "the oldest cursor is c9")]
    [InlineData("newest_cursor", "the newest is c9")]
    [InlineData("else", "cannot be read from this cursor")]
    public async Task Follow_GoesOnBehindTheLastEventUntilItsPlaceIsGone(string member, string words)
    {
        var asked = new ConcurrentQueue<string?>();
        await using var server = await FakeServer.StartAsync(app => app.MapGet("/v1/events/stream", async (HttpContext context) =>
        {
            asked.Enqueue(context.Request.QueryString.Value);
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(asked.Count switch
            {
                1 => $": BatchPlane\nid: c1\ndata: {Event(1)}\n\n",
                2 => $"id: c2\ndata: {Event(2)}\n\n: heartbeat\nid: c3\n\n",
                _ => $"event: gone\ndata: {{\"{member}\":\"c9\"}}\n\n",
            });
        }));

        var run = await CliRun.Of("events", "--follow", "--job-name", "nightly*", "--server", server.Url);

        Assert.Equal(["?job_name=nightly%2A", "?job_name=nightly%2A&after=c1", "?job_name=nightly%2A&after=c3"], asked);
        Assert.Equal(["1", "2"], run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2]));
        Assert.Contains(words, run.Error, StringComparison.Ordinal);
        Assert.Contains("going on", run.Error, StringComparison.Ordinal);
        Assert.NotEqual(0, run.ExitCode);
    }

    [Theory]
    [InlineData(9.9, null)]
    [InlineData(75, "delivery is at least 120 events, 75 s behind, most of all to job-message")]
    public async Task DeliveryIsBehind_ALineBelowTheListSaysSo(double seconds, string? line)
    {
        await using var server = await FakeServer.StartAsync(app =>
        {
            app.MapGet("/v1/events", () => FakeServer.Json($$"""{"items":[{{Event(1)}}],"next_cursor":"c1","more":false}"""));
            app.MapGet("/v1/dispatch", () => FakeServer.Json(string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"pending_events":120,"at_least":true,"seconds_behind":{{seconds}},"shards":[],"topics":[{"topic_name":"job-message","pending_messages":120,"seconds_behind":{{seconds}}}],"refused_removals":[]}""")));
        });

        var run = await CliRun.Of("events", "--server", server.Url);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(line ?? "", run.Error.TrimEnd());
    }

    [Fact]
    public async Task Options_BecomeParameters()
    {
        var asked = new ConcurrentQueue<string?>();
        await using var server = await FakeServer.StartAsync(app => app.MapGet("/v1/{list}", (string list, HttpRequest request) =>
        {
            asked.Enqueue($"{list}{request.QueryString.Value}");
            return FakeServer.Json("""{"items":[],"next_cursor":"c1","more":false}""");
        }));

        await CliRun.Of("events", "--execution", "job-1/0/3/1", "--execution-source", "RETRY", "--host", "mill", "--sort", "name", "--server", server.Url);
        await CliRun.Of("executions", "--result", "RUNNING,FAILURE", "--env", "env-1", "--started-since", "2025-10-09T08:53:20Z", "--server", server.Url);
        await CliRun.Of("executions", "--result", "RUNNING", "--server", server.Url);

        Assert.Equal(
            [
                "events?execution=job-1%2F0%2F3%2F1&execution_source=RETRY&host=mill&sort=name&limit=50&order=desc",
                "executions?result=RUNNING%2CFAILURE&env=env-1&started_since=2025-10-09T08%3A53%3A20Z&order=desc&limit=50",
                "executions?result=RUNNING&limit=50",
            ],
            asked.Where(query => !query!.StartsWith("dispatch", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task OneExecution_IsItsChainAndWhatHappened()
    {
        await using var server = await FakeServer.StartAsync(app => app.MapGet("/v1/executions/{job}/{task}/{index}/{attempt}", (string job) => FakeServer.Json(
            $$"""{"execution":{{Execution(job, 2, "SUCCESS")}},"transitions":[{{Event(7)}}],"chain":[{{Execution(job, 1, "LOST")}},{{Execution(job, 2, "SUCCESS")}}]}""")));

        var run = await CliRun.Of("executions", "job-00000001/0/3/2", "--server", server.Url);
        var lines = run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(4, lines.Length);
        Assert.Contains("LOST", lines[1], StringComparison.Ordinal);
        Assert.Contains("SUCCESS", lines[2], StringComparison.Ordinal);
        Assert.Contains("TASK_INSTANCE_RUNNING", lines[3], StringComparison.Ordinal);
    }

    private static string Event(int sequence) =>
        $$"""{"event_id":"job-00000001:{{sequence}}","sequence":{{sequence}},"subject_id":"job-00000001","level":"task_instance","event_name":"TASK_INSTANCE_RUNNING","state":"RUNNING","source":"agent","occurred_at":"2025-10-09T08:53:20Z","topics":[]}""";

    private static string Execution(string job, int attempt, string result) =>
        $$"""{"execution_id":"{{job}}/0/3/{{attempt}}","job_id":"{{job}}","task_name":"count","task_instance_index":3,"attempt":{{attempt}},"execution_source":"FAILOVER","result":"{{result}}","host_name":"mill"}""";
}
