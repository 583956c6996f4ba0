using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Scheduling;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tests.Dispatch;

/// <summary>Checks of Alibaba's specification, from the transition to a real queue: all events are asked for, and only those come that belong there.</summary>
public sealed class AlibabaStoryTests : IAsyncLifetime, IDisposable
{
    private DispatchWorld _world = null!;
    private TransitionWriter _writer = null!;
    private EnvironmentStore _environments = null!;
    private NodeRecord _node = null!;

    public async Task InitializeAsync()
    {
        _world = await DispatchWorld.CreateAsync();
        var secrets = new JobSecrets(new InstallationKey(new byte[InstallationKey.KeyBytes]));
        _writer = new(_world.DataSource, secrets, Options.Create(new EngineLimits()), new WorkSignal(), new OutboxSignal(), new TerminationSignal(), TimeProvider.System, NullLogger<TransitionWriter>.Instance);
        await _writer.StartAsync(default);
        _environments = new(_world.DataSource, new OutboxSignal());
        _node = await JoinAsync(await CreateAsync("grid"), "aaaaaaaa");
        await _world.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _writer.StopAsync(default);
        await _world.DisposeAsync();
    }

    public void Dispose() => _writer.Dispose();

    [Fact]
    public async Task InstanceThatFailsForGood_TellsFailuresOfAllLevelsOnce()
    {
        var inbox = await _world.BindAsync("failures");
        var (jobId, taskId) = await SubmitAsync("failures", maxRetryCount: 1);

        await RunAsync(jobId, taskId, exitCode: 3);
        await RunAsync(jobId, taskId, exitCode: 4);

        var told = await ToldAsync(inbox, "OnJobFailed");
        Assert.Equal(
            ["OnInstanceFailed", "OnInstanceRunning", "OnInstanceRunning", "OnInstanceWaiting", "OnInstanceWaiting", "OnJobFailed", "OnJobRunning", "OnJobWaiting", "OnTaskFailed", "OnTaskRunning", "OnTaskWaiting"],
            told.Select(body => body["Event"]).Order(StringComparer.Ordinal));
        Assert.Equal(["OnInstanceFailed", "OnTaskFailed", "OnJobFailed"], told.TakeLast(3).Select(body => body["Event"]));
        Assert.Equal(["0", "0", "1", "1", "1"], told.Where(body => body.ContainsKey("RetryCount")).Select(body => body["RetryCount"]));
        var failed = told[^3];
        Assert.Equal(("4", "exit_code", "exit code 4"), (failed["ExitCode"], failed["ErrorCode"], failed["ErrorMessage"]));
        Assert.Contains("exit code 4", told[^1]["Message"], StringComparison.Ordinal);
    }

    /// <summary>What a client does that says <c>JobFailOnInstanceFail: false</c> to Alibaba: the failure stops nothing, and who asked for failures is told of none. Above is <c>true</c>, the default of both.</summary>
    [Fact]
    public async Task FailureThatIsIgnored_TellsThatAllHasFinished()
    {
        var inbox = await _world.BindAsync("tolerant");
        var (jobId, taskId) = await SubmitAsync("tolerant", maxRetryCount: 1, rules: new RetryRuleDocument { ExitCodes = ["4"], Action = RetryAction.Ignore });

        await RunAsync(jobId, taskId, exitCode: 3);
        await RunAsync(jobId, taskId, exitCode: 4);

        var told = await ToldAsync(inbox, "OnJobFinished");
        Assert.Equal(["OnInstanceFinished", "OnTaskFinished", "OnJobFinished"], told.TakeLast(3).Select(body => body["Event"]));
        Assert.DoesNotContain(told, body => body["Event"].EndsWith("Failed", StringComparison.Ordinal));
        Assert.Equal(("4", "1"), (told[^3]["ExitCode"], told[^3]["RetryCount"]));
    }

    [Fact]
    public async Task ChangeOfPriority_IsToldOnceWithBothValues()
    {
        var inbox = await _world.BindAsync("priorities");
        var (jobId, _) = await SubmitAsync("priorities", priority: 10);

        foreach (var priority in (int[])[20, 20])
        {
            Assert.IsType<ChangeJobOutcome.Changed>(await _writer.WriteAsync(new ChangeJobCommand(jobId, priority, "user:test"), default));
        }

        await _writer.WriteAsync(new TerminateJobCommand(jobId, "user:test", null), default);

        var told = await ToldAsync(inbox, "OnJobStopped");
        var changed = Assert.Single(told, body => body["Event"] == "OnPriorityChange");
        Assert.Equal(("10", "20", "Waiting"), (changed["From"], changed["To"], changed["State"]));
    }

    [Fact]
    public async Task EnvironmentThatIsDeleted_TellsItsNodesAndAtLastItself()
    {
        var inbox = await _world.BindAsync("clusters");
        var envId = await CreateAsync("cluster", new NotificationDocument { TopicName = "clusters", Format = NotificationFormat.Mns, EventConfigs = Events("Cluster", "Instance") });
        await JoinAsync(envId, "bbbbbbbb");
        await JoinAsync(envId, "cccccccc");
        await _environments.ChangeAsync(envId, environment => environment.RequestDelete("user:test") ? environment : null!, default);
        foreach (var node in (string[])["node-bbbbbbbb", "node-cccccccc"])
        {
            await _environments.ChangeAsync(
                envId,
                environment =>
                {
                    environment.Remove(environment.Find(node)!);
                    environment.CloseIfEmpty();
                    return environment;
                },
                default);
        }

        var told = await ToldAsync(inbox, "OnClusterDeleted");
        Assert.Equal(
            ["OnInstanceCreated Starting", "OnInstanceActive Running", "OnInstanceCreated Starting", "OnInstanceActive Running", "OnClusterDeleted Deleted"],
            told.Select(body => $"{body["Event"]} {body["State"]}"));
        Assert.Equal(["ins-bbbbbbbb", "ins-cccccccc"], told.Where(body => body["Event"] == "OnInstanceActive").Select(body => body["InstanceId"]));
    }

    /// <summary>All of Alibaba's events whose names begin so behind their <c>On</c>.</summary>
    private static EventConfigDocument[] Events(params string[] subjects) =>
        [.. AlibabaEvents.All.Where(kind => subjects.Any(subject => kind.Name.StartsWith($"On{subject}", StringComparison.Ordinal))).Select(kind => new EventConfigDocument { EventName = kind.Name })];

    /// <summary>The bodies up to the one of this event.</summary>
    private static async Task<List<Dictionary<string, string>>> ToldAsync(Inbox inbox, string last)
    {
        var messages = await Until.ReachedAsync(
            () => Task.FromResult(inbox.Messages.ToArray()),
            got => got.Any(message => message.Properties.Type == last),
            got => string.Join(' ', got.Select(message => message.Properties.Type)));
        Assert.All(messages, message => Assert.EndsWith($"\"{message.Properties.Type}\"", message.Text.Split("\"Event\":")[1].Split(',', '}')[0], StringComparison.Ordinal));
        return [.. messages.Select(message => JsonSerializer.Deserialize<Dictionary<string, string>>(message.Body)!)];
    }

    private async Task<string> CreateAsync(string name, params NotificationDocument[] notifications) =>
        Assert.IsType<CreateEnvironmentOutcome.Created>(await _environments.CreateAsync(new() { EnvName = name, Provider = NodeProvider.Attached, Notifications = notifications }, false, "user:test", null, default)).EnvId;

    private async Task<NodeRecord> JoinAsync(string envId, string name) => (await _environments.ChangeAsync(
        envId,
        environment =>
        {
            var facts = new MachineFacts("host", 2, 4, 8);
            var node = environment.Attach($"node-{name}", $"ins-{name}", facts);
            Assert.True(environment.Join(node, facts, "1.0", TimeSpan.FromMinutes(5)));
            return node;
        },
        default))!;

    private async Task<(string JobId, long TaskId)> SubmitAsync(string topic, int maxRetryCount = 0, int priority = 0, params RetryRuleDocument[] rules)
    {
        var document = new JobDocument
        {
            JobName = topic,
            Priority = priority,
            Tasks = [new() { TaskName = "a", Application = new() { Argv = ["false"] }, EnvId = _node.EnvId, MaxRetryCount = maxRetryCount, RetryRules = rules }],
            Notifications = [new() { TopicName = topic, Format = NotificationFormat.Mns, EventConfigs = [.. Events("Job", "Task", "Instance", "Priority").Where(config => AlibabaEvents.Find(config.EventName)!.Scope == EventScope.Job)] }],
        };
        var jobId = Assert.IsType<SubmitOutcome.Submitted>(await _writer.SubmitAsync(document, "user:test", null, default)).JobId;
        return (jobId, await _world.ScalarAsync<long>($"SELECT task_id FROM tasks WHERE job_id = '{jobId}'"));
    }

    /// <summary>One attempt of the only instance.</summary>
    private async Task RunAsync(string jobId, long taskId, int exitCode)
    {
        var claim = await _writer.WriteAsync(new ClaimRequest(_node.NodeId, _node.Epoch, [new(jobId, taskId, 1)]), default);
        var attempt = Assert.Single(Assert.Single(claim.Claims).Attempts);
        var report = new AttemptReport { Index = 0, Attempt = attempt.Attempt, Outcome = AttemptOutcome.Exited, ExitCode = exitCode, BeganMsAgo = 1, EndedMsAgo = 0 };
        await _writer.WriteAsync(new NodeReport(_node.NodeId, new() { Epoch = _node.Epoch, Tasks = [new() { JobId = jobId, TaskId = taskId, Attempts = [report] }] }), default);
    }
}
