using System.Globalization;
using System.Text.Json;
using BatchPlane.Cli.Dev;

namespace BatchPlane.EndToEnd.Tests.Stack;

/// <summary>The whole system as a user has it, through the command line.</summary>
public sealed class StackTests(StackFixture stack) : IClassFixture<StackFixture>
{
    private static readonly TimeSpan EventsLimit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task SubmitAndWait_JobSucceedsAndItsOutputIsThere()
    {
        var run = await stack.RunWithInputAsync(Job("greet", "echo hello $BATCH_TASK_INSTANCE_INDEX of $BATCH_TASK_INSTANCE_NUM", 3), "submit", "-", "--wait");

        var job = run.Out.Split('\n')[0];
        Assert.True(run.ExitCode == 0, run.Out + run.Error);
        var log = await stack.RunAsync("logs", job, "greet", "2");
        Assert.Equal("hello 2 of 3\n", log.Out);
        var instances = await stack.RunAsync("instances", job, "greet", "-o", "json");
        using var document = JsonDocument.Parse(instances.Out);
        Assert.All(document.RootElement.EnumerateArray(), instance => Assert.Equal(0, instance.GetProperty("exit_code").GetInt32()));
    }

    [Fact]
    public async Task FailedJob_WaitExitsWith1AndNamesTheExitCode()
    {
        var run = await stack.RunWithInputAsync(Job("fail", "echo broken >&2; exit 7", 1), "submit", "-", "--wait");

        var job = run.Out.Split('\n')[0];
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("FAILED", run.Out, StringComparison.Ordinal);
        Assert.Equal("broken\n", (await stack.RunAsync("logs", job, "fail", "0", "--stderr")).Out);
        Assert.Contains("exit 7 (exit_code)", (await stack.RunAsync("events", job)).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TerminatedJob_WaitExitsWith3()
    {
        var submitted = await stack.RunWithInputAsync(Job("sleep", "sleep 1000", 2), "submit", "-");
        var job = submitted.Out.Trim();
        Assert.Equal(4, (await stack.RunAsync("wait", job, "--timeout", "0.5")).ExitCode);

        await stack.RunAsync("terminate", job, "--reason", "enough");
        var waited = await stack.RunAsync("wait", job, "--timeout", "60");

        Assert.True(waited.ExitCode == 3, waited.Out + waited.Error);
    }

    /// <summary>Not a benchmark: a path that handles instances one by one would not get near this.</summary>
    [Fact]
    public async Task ThousandShortInstances_EndSoonAndEveryEventArrives()
    {
        await stack.RunAsync("topics", "create", "thousand");
        await using var queue = await QueueReader.BindAsync(stack.Info.AmqpUrl, "thousand", "task_instance.*");

        var run = await stack.RunWithInputAsync(Job("short", "true", 1_000, "thousand"), "submit", "-", "--wait", "--timeout", "15");

        Assert.True(run.ExitCode == 0, run.Out + run.Error);
        await Eventually.TrueAsync(
            () => queue.Messages.Select(message => message.Id).Distinct().Count() == 2_000, EventsLimit, () => $"{queue.Messages.Count} messages");
    }

    [Fact]
    public async Task SameIdempotencyKey_IsTheSameJob()
    {
        var key = Guid.NewGuid().ToString();
        var first = await stack.RunWithInputAsync(Job("once", "true", 1), "submit", "-", "--idempotency-key", key);

        var again = await stack.RunWithInputAsync(Job("once", "true", 1), "submit", "-", "--idempotency-key", key);
        var other = await stack.RunWithInputAsync(Job("once", "false", 1), "submit", "-", "--idempotency-key", key);

        Assert.Equal((0, first.Out), (again.ExitCode, again.Out));
        Assert.Equal(2, other.ExitCode);
    }

    [Fact]
    public async Task CyclicJob_IsRefusedAndTheCycleIsNamed()
    {
        const string Cyclic =
            """
            {"tasks":[{"task_name":"a","application":{"command":"true"}},{"task_name":"b","application":{"command":"true"}}],
             "dependences":[{"start_task":"a","end_task":"b"},{"start_task":"b","end_task":"a"}]}
            """;

        var run = await stack.RunWithInputAsync(Cyclic, "submit", "-");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("$.dependences", run.Error, StringComparison.Ordinal);
        Assert.Contains('a', run.Error);
    }

    [Fact]
    public async Task SecondDevOnTheDirectory_IsRefused()
    {
        using var second = BatchPlaneProcess.Start(Path.GetTempPath(), "dev", "--data", stack.Directory);

        Assert.Equal(1, await second.ExitCodeAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("another 'batchplane dev' is running", second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OptionsOfTheEnvironment_AreTheServers()
    {
        await stack.RunAsync("topics", "create", "mailed");

        var subscribed = await stack.RunAsync("topics", "subscribe", "mailed", "--email", "ops@example.org", "--binding", "none.none");

        Assert.Equal(0, subscribed.ExitCode);
    }

    [Fact]
    public void DevJson_IsForItsOwnerOnly() =>
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(stack.Directory, "dev.json")));

    [Fact]
    public async Task ServerKilledDuringAJob_JobEndsOnceAndEveryEventArrives()
    {
        await stack.RunAsync("topics", "create", "killed-server");
        await using var queue = await QueueReader.BindAsync(stack.Info.AmqpUrl, "killed-server", "#");
        await stack.RunAsync("topics", "subscribe", "killed-server", "--queue", "killed-server-copies", "--format", "cloudevents", "--level", "job", "--level", "task");
        await using var copies = await QueueReader.ReadAsync(stack.Info.AmqpUrl, "killed-server-copies");
        var submitted = await stack.RunWithInputAsync(Job("step", "sleep 0.3; echo done", 200, "killed-server"), "submit", "-");
        var job = submitted.Out.Trim();
        await Eventually.TrueAsync(
            () => queue.Messages.Any(message => message.RoutingKey == "task_instance.succeed"), EventsLimit, () => $"{queue.Messages.Count} messages");
        var killed = stack.ServerPid;

        Posix.Signal(killed, Posix.SigKill);
        var waited = await stack.RunAsync("wait", job);

        Assert.True(waited.ExitCode == 0, waited.Out + waited.Error + stack.Output);
        Assert.NotEqual(killed, stack.ServerPid);
        await AssertEveryInstanceRanOnceAsync(job);
        await AssertQueueGotTheJournalAsync(job, queue);
        await AssertQueueGotTheJournalAsync(job, copies, "job", "task");
        Assert.All(copies.Messages, message => Assert.Equal("1.0", JsonDocument.Parse(message.Body).RootElement.GetProperty("specversion").GetString()));
        Assert.Contains("killed-server-copies", (await stack.RunAsync("deliveries", copies.Messages.First().Id)).Out, StringComparison.Ordinal);
        await AssertListenerGotTheJournalAsync(job);
    }

    [Fact]
    public async Task AgentsKilledDuringAJob_TheNextOnesGoOnAndNothingRunsTwice()
    {
        var submitted = await stack.RunWithInputAsync(Job("step", "sleep 0.3; echo done", 200), "submit", "-");
        var job = submitted.Out.Trim();
        var shown = "";
        for (var tries = 0; tries < 600 && !shown.Contains("RUNNING", StringComparison.Ordinal); tries++)
        {
            shown = (await stack.RunAsync("job", job)).Out;
        }

        var agents = Agents();
        Assert.Equal(2, agents.Count);

        foreach (var agent in agents)
        {
            Posix.Signal(agent.Pid, Posix.SigKill);
        }

        var waited = await stack.RunAsync("wait", job);

        Assert.True(waited.ExitCode == 0, waited.Out + waited.Error + stack.Output);
        Assert.Empty(Agents().Intersect(agents));
        await AssertEveryInstanceRanOnceAsync(job);
    }

    private List<ProcessRecord> Agents() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(stack.Directory, "server", "nodes"), "agent.pid", SearchOption.AllDirectories)
            .Select(ProcessRecord.Read).OfType<ProcessRecord>().Where(agent => agent.IsRunning),
    ];

    /// <summary>The death of a server or agent disturbs no running instance: each has one attempt.</summary>
    private async Task AssertEveryInstanceRanOnceAsync(string job)
    {
        var instances = await stack.RunAsync("instances", job, "step", "--limit", "1000", "-o", "json");
        using var document = JsonDocument.Parse(instances.Out);
        Assert.Equal(200, document.RootElement.GetArrayLength());
        Assert.All(document.RootElement.EnumerateArray(), instance => Assert.Equal(1, instance.GetProperty("attempt").GetInt32()));
    }

    /// <summary>The queue has every event of the job that was asked for, of these levels; none: of all.</summary>
    private async Task AssertQueueGotTheJournalAsync(string job, QueueReader queue, params string[] levels)
    {
        var events = await stack.RunAsync("events", job, "-o", "json");
        var journal = events.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        var asked = journal.Where(row => row.TryGetProperty("topics", out var topics) && topics.GetArrayLength() > 0)
            .Where(row => levels.Length == 0 || levels.Contains(row.GetProperty("level").GetString()))
            .Select(row => row.GetProperty("event_id").GetString()!).ToArray();

        await Eventually.TrueAsync(
            () => asked.Except(queue.Messages.Select(message => message.Id)).Take(1).ToArray() is [],
            EventsLimit,
            () => $"missing: {string.Join(' ', asked.Except(queue.Messages.Select(message => message.Id)).Take(10))}");

        Assert.Equal(Enumerable.Range(1, journal.Length), journal.Select(row => (int)row.GetProperty("sequence").GetInt64()));
        Assert.Single(journal, row => row.GetProperty("event_name").GetString() == "JOB_SUCCEED");
        Assert.Empty(queue.Messages.Select(message => message.Id).Except(asked));
        Assert.All(queue.Messages.GroupBy(message => message.Id), same => Assert.Single(same.Select(message => message.Body).Distinct()));
    }

    /// <summary>The sample listener has every event; after removing what came twice, in sequence.</summary>
    private async Task AssertListenerGotTheJournalAsync(string job)
    {
        var events = await stack.RunAsync("events", job, "-o", "json");
        string[] journal = [.. events.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("event_id").GetString()!)];
        string[] written = [];
        await Eventually.TrueAsync(
            async () => (written = [.. await WrittenAsync(job)]).Distinct().Count() >= journal.Length,
            EventsLimit,
            () => $"missing: {string.Join(' ', journal.Except(written).Take(10))}");

        Assert.Equal(journal, written.Distinct());
    }

    /// <summary>Events of a job that the sample listener wrote. A line that a killed server was writing is torn.</summary>
    private async Task<IEnumerable<string>> WrittenAsync(string job)
    {
        await using var file = new FileStream(stack.EventFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return (await reader.ReadToEndAsync()).Split('\n').Select(IdOf).OfType<string>().Where(id => id.StartsWith($"{job}:", StringComparison.Ordinal));
    }

    private static string? IdOf(string line)
    {
        try
        {
            return line.Length == 0 ? null : JsonDocument.Parse(line).RootElement.GetProperty("event").GetProperty("event_id").GetString();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Job(string task, string command, int instances, string? topic = null)
    {
        string[] names = ["JobRunning", "JobSucceed", "JobFailed", "TaskRunning", "TaskSucceed", "TaskInstanceRunning", "TaskInstanceSucceed", "TaskInstanceFailed"];
        var configs = string.Join(',', names.Select(name => $$"""{"event_name":"{{name}}"}"""));
        var notifications = topic is null ? "" : $$""","notifications":[{"topic_name":"{{topic}}","event_configs":[{{configs}}]}]""";
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"job_name":"{{task}}","tasks":[{"task_name":"{{task}}","task_instance_num":{{instances}},"application":{"command":{{JsonSerializer.Serialize(command)}} } }]{{notifications}} }""");
    }
}
