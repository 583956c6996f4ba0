using BatchPlane.Contracts;
using BatchPlane.Server.Tests.Dispatch;
using BatchPlane.Server.Tests.Outputs;

namespace BatchPlane.Server.Tests.Tracing;

/// <summary>A server that sends spans to a receiver.</summary>
public sealed class TracedServer : ServerFixture
{
    internal OtlpReceiver Receiver { get; private set; } = null!;

    protected override ServerRoles Roles => ServerRoles.Api | ServerRoles.Listeners;

    protected override async Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync()
    {
        Receiver ??= await OtlpReceiver.StartAsync();
        return
        [
            new("Tracing:OtlpEndpoint", Receiver.Url),
            new("Listeners:StartAt", "Oldest"),
            new("Listeners:LookInterval", "00:00:00.020"),
            new("Listeners:RetryMin", "00:00:00.010"),
        ];
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await Receiver.DisposeAsync();
    }
}

public sealed class OpenTelemetryTests(TracedServer server) : IClassFixture<TracedServer>
{
    private const string Caller = "b7ad6b7169203331";
    private const string CallersTrace = "0af7651916cd43dd8448eb211c80319c";

    [Fact]
    public async Task Job_IsATreeOfSpansBelowItsCaller_WithTheTimesOfItsEvents()
    {
        server.Receiver.Refuse(2);
        var job = await SubmitAsync("", $"00-{CallersTrace}-{Caller}-01");
        await RunAsync(2, 0);
        var spans = await SpansAsync(job, 4);

        var root = Assert.Single(spans, span => span.Name == "job demo");
        var task = Assert.Single(spans, span => span.Name == "task count");
        var attempts = spans.Where(span => span.Name == "attempt of count").ToList();
        Assert.All(spans, span => Assert.Equal(CallersTrace, span.TraceId));
        Assert.Equal((Caller, root.SpanId), (root.ParentId, task.ParentId));
        Assert.All(attempts, attempt => Assert.Equal(task.SpanId, attempt.ParentId));
        Assert.Equal(4, spans.Select(span => span.SpanId).Distinct().Count());

        Assert.Equal([(2, "exit code 2"), (0, "")], attempts.Select(attempt => (attempt.Status, attempt.Message)));
        Assert.Equal([("1", "FAILURE", "NORMAL_TRIGGER"), ("2", "SUCCESS", "RETRY")], attempts.Select(attempt => (attempt["attempt"], attempt["execution.result"], attempt["execution.source"])));
        Assert.Equal("2", attempts[0].Attributes["process.exit.code"]);
        Assert.Equal([(attempts[0].SpanId, "previous_attempt")], attempts[1].Links);
        Assert.Empty(attempts[0].Links);
        Assert.Equal((0, 0), (task.Status, root.Status));
        Assert.Equal(["running"], root.Events);

        var view = await server.GetAsync<JobDetail>($"/v1/jobs/{job}");
        var executions = (await server.GetAsync<JournalPage<ExecutionView>>($"/v1/executions?job={job}")).Items;
        Assert.Equal((view.CreatedAt, view.FinishedAt), (root.Start, root.End));
        Assert.Equal((view.Tasks[0].RunningAt, view.Tasks[0].FinishedAt), (task.Start, task.End));
        Assert.Equal(executions.Select(one => (one.StartTime, one.CompleteTime)), attempts.Select(one => ((DateTimeOffset?)one.Start, (DateTimeOffset?)one.End)));

        var listener = Assert.Single((await server.GetAsync<Page<ListenerView>>("/v1/listeners")).Items);
        Assert.Equal("opentelemetry", listener.ListenerName);
        Assert.Contains("did not take the spans: ", listener.LastError, StringComparison.Ordinal);
        Assert.Equal(["batchplane"], server.Receiver.Services.Keys);
    }

    [Fact]
    public async Task RetriedJob_HasASpanForEachLife_AndEverythingIsTheSameWhenSentAgain()
    {
        var job = await SubmitAsync("");
        await RunAsync(3, 3);
        await Until.ReachedAsync(() => server.GetAsync<JobDetail>($"/v1/jobs/{job}"), view => view.JobState == RunState.Failed, view => view.JobState.ToString());
        using var retried = await server.Client.PostAsync($"/v1/jobs/{job}/retry", null);
        Assert.True(retried.IsSuccessStatusCode);
        await RunAsync(0);
        var spans = await SpansAsync(job, 7);

        var lives = spans.Where(span => span.Name == "job demo").ToList();
        var tasks = spans.Where(span => span.Name == "task count").ToList();
        var attempts = spans.Where(span => span.Name == "attempt of count").ToList();
        Assert.Equal(["", lives[0].SpanId], lives.Select(life => life.ParentId));
        Assert.Equal([2, 0], lives.Select(life => life.Status));
        Assert.Equal(lives.Select(life => life.SpanId), tasks.Select(task => task.ParentId));
        Assert.Equal([tasks[0].SpanId, tasks[0].SpanId, tasks[1].SpanId], attempts.Select(attempt => attempt.ParentId));
        Assert.Equal(attempts[1].SpanId, Assert.Single(attempts[2].Links).SpanId);
        Assert.Single(spans.Select(span => span.TraceId).Distinct());

        await server.ExecuteAsync("UPDATE event_listeners SET cursor_txid = '0', cursor_event_no = 0, cursor_count = 0, epoch = epoch + 1, holder = NULL");
        var again = (await SpansAsync(job, 14))[7..];
        Assert.Equal(spans.Select(span => (span.TraceId, span.SpanId, span.ParentId)), again.Select(span => (span.TraceId, span.SpanId, span.ParentId)));
    }

    [Fact]
    public async Task JobThatWantsNoTracing_OrWhoseCallerRecordsNone_HasNoSpans()
    {
        var silent = await SubmitAsync("""
            "tracing":"off",
            """);
        await RunAsync(0);
        var told = await SubmitAsync("");
        await RunAsync(0);

        var unsampled = await SubmitAsync("", $"00-{CallersTrace}-{Caller}-00");
        await RunAsync(0);
        var last = await SubmitAsync("");
        await RunAsync(0);

        await SpansAsync(told, 3);
        await SpansAsync(last, 3);
        Assert.Empty(server.Receiver.Of(silent));
        Assert.Empty(server.Receiver.Of(unsampled));
        Assert.Equal(TracingMode.Off, (await server.GetAsync<JobDetail>($"/v1/jobs/{silent}")).Tracing);
    }

    private async Task<string> SubmitAsync(string members, string? traceparent = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jobs")
        {
            Content = new StringContent(
                $$$"""{"job_name":"demo",{{{members}}}"tasks":[{"task_name":"count","max_retry_count":1,"application":{"command":"true"}}]}""", System.Text.Encoding.UTF8, "application/json"),
        };
        if (traceparent is not null)
        {
            request.Headers.Add("traceparent", traceparent);
        }

        using var answer = await server.Client.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return (await ServerFixture.ReadAsync<SubmitJobResponse>(answer)).JobId;
    }

    /// <summary>Runs the attempts that come, with these exit codes.</summary>
    private async Task RunAsync(params int[] exitCodes)
    {
        var agent = await OutputAgent.JoinAsync(server);
        foreach (var exitCode in exitCodes)
        {
            await agent.EndAsync(await agent.TakeAsync(), exitCode: exitCode);
        }
    }

    private Task<List<WireSpan>> SpansAsync(string jobId, int count) =>
        Until.ReachedAsync(() => Task.FromResult(server.Receiver.Of(jobId).ToList()), spans => spans.Count >= count, spans => string.Join('\n', spans));
}
