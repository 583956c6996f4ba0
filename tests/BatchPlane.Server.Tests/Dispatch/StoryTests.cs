using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Scheduling;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit.Abstractions;

namespace BatchPlane.Server.Tests.Dispatch;

/// <summary>Whole jobs, from the transition path to a real queue: what their blocks are told, and nothing else.</summary>
public sealed class StoryTests(ITestOutputHelper output) : IAsyncLifetime, IDisposable
{
    private const int PerClaim = 2_000;

    private DispatchWorld _world = null!;
    private TransitionWriter _writer = null!;
    private NodeRecord _node = null!;

    public async Task InitializeAsync()
    {
        _world = await DispatchWorld.CreateAsync();
        var secrets = new JobSecrets(new InstallationKey(new byte[InstallationKey.KeyBytes]));
        _writer = new(_world.DataSource, secrets, Options.Create(new EngineLimits()), new WorkSignal(), new OutboxSignal(), new TerminationSignal(), TimeProvider.System, NullLogger<TransitionWriter>.Instance);
        await _writer.StartAsync(default);
        var environments = new EnvironmentStore(_world.DataSource, new OutboxSignal());
        var made = Assert.IsType<CreateEnvironmentOutcome.Created>(await environments.CreateAsync(new() { EnvName = "grid", Provider = NodeProvider.Attached }, false, "user:test", null, default));
        _node = (await environments.ChangeAsync(
            made.EnvId,
            environment =>
            {
                var facts = new MachineFacts("host", 2, 4, 8);
                var node = environment.Attach("node-aaaaaaaa", "ins-aaaaaaaa", facts);
                Assert.True(environment.Join(node, facts, "1.0", TimeSpan.FromMinutes(5)));
                return node;
            },
            default))!;
        await _world.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _writer.StopAsync(default);
        await _world.DisposeAsync();
    }

    public void Dispose() => _writer.Dispose();

    [Fact]
    public async Task ArrayOfOneHundredThousand_TellsItsStoryInTenMessages()
    {
        const int Instances = 100_000;
        var inbox = await _world.BindAsync("story");
        var jobId = await RunAsync(Instances, new NotificationDocument
        {
            TopicName = "story",
            Filter = new() { Levels = ["job", "task"] },
            EventConfigs =
            [
                .. new[] { "JOB_RUNNING", "JOB_SUCCEED", "JOB_FAILED", "TASK_RUNNING", "TASK_SUCCEED", "TASK_FAILED", "TASK_INSTANCE_SUCCEED" }.Select(name => new EventConfigDocument { EventName = name }),
                new() { EventName = "TASK_PROGRESS", EveryPercent = 16 },
            ],
        });

        var messages = await inbox.WhenAsync(10);

        output.WriteLine(string.Join(' ', messages.Select(message => message.Properties.Type)));
        Assert.Equal(
            ["TASK_RUNNING", "JOB_RUNNING", .. Enumerable.Repeat("TASK_PROGRESS", 6), "TASK_SUCCEED", "JOB_SUCCEED"],
            messages.Select(message => message.Properties.Type));
        Assert.Equal([16, 32, 48, 64, 80, 96], messages.Where(message => message.Properties.Type == "TASK_PROGRESS").Select(Percent));

        // The journal has them all, without a hole, and the filtered ones had no way to the queue.
        Assert.Equal(
            await _world.ScalarAsync<long>($"SELECT sum(span)::bigint FROM events WHERE subject_id = '{jobId}'"),
            await _world.ScalarAsync<long>($"SELECT last_sequence FROM jobs WHERE job_id = '{jobId}'"));
        Assert.Equal(10, await _world.ScalarAsync<long>($"SELECT count(*) FROM events WHERE subject_id = '{jobId}' AND notify <> 0"));
        Assert.InRange(messages.Max(message => message.Sequence), (2L * Instances) + 1, long.MaxValue);
    }

    [Fact]
    public async Task OneJobInThreeFormats_TellsTheSameOnEachTopic()
    {
        var (cmq, mns, cloud) = (await _world.BindAsync("cmq"), await _world.BindAsync("mns"), await _world.BindAsync("cloud"));
        await RunAsync(
            2,
            DispatchWorld.Ask("cmq", "JOB_SUCCEED"),
            new() { TopicName = "mns", Format = NotificationFormat.Mns, EventConfigs = [.. new[] { "OnJobWaiting", "OnInstanceWaiting", "OnJobFinished", "OnJobFailed" }.Select(name => new EventConfigDocument { EventName = name })] },
            DispatchWorld.Ask("cloud", "JOB_SUCCEED") with { Format = NotificationFormat.Cloudevents });

        var ended = Assert.Single(await cmq.WhenAsync(1));
        var flat = await mns.WhenAsync(4);
        var structured = Assert.Single(await cloud.WhenAsync(1));

        Assert.Equal(["OnJobWaiting", "OnInstanceWaiting", "OnInstanceWaiting", "OnJobFinished"], flat.Select(message => message.Properties.Type));
        Assert.Equal(["job.waiting", "task_instance.waiting", "task_instance.waiting", "job.finished"], flat.Select(message => message.RoutingKey));
        Assert.Equal((ended.Id, ended.Id), (flat[^1].Id, structured.Id));
        Assert.Equal("application/json", flat[0].Properties.ContentType);
        Assert.Equal("application/cloudevents+json", structured.Properties.ContentType);
        Assert.Null(structured.Header("cloudEvents_id"));
        using var json = JsonDocument.Parse(structured.Body);
        Assert.Equal("SUCCEED", json.RootElement.GetProperty("data").GetProperty("Batch").GetProperty("JobState").GetString());
        Assert.Equal(ended.Id, json.RootElement.GetProperty("id").GetString());
    }

    private static int Percent(Received message)
    {
        using var json = JsonDocument.Parse(message.Body);
        return json.RootElement.GetProperty("Events")[0].GetProperty("Batch").GetProperty("Progress").GetInt32();
    }

    /// <summary>Submits a job of one task and lets a node run all of its instances.</summary>
    private async Task<string> RunAsync(int instances, params NotificationDocument[] notifications)
    {
        var task = new TaskDocument { TaskName = "array", Application = new() { Argv = ["true"] }, TaskInstanceNum = instances, EnvId = _node.EnvId };
        var submitted = await _writer.SubmitAsync(new JobDocument { JobName = "story", Tasks = [task], Notifications = notifications }, "user:test", null, default);
        var jobId = Assert.IsType<SubmitOutcome.Submitted>(submitted).JobId;
        var taskId = await _world.ScalarAsync<long>($"SELECT task_id FROM tasks WHERE job_id = '{jobId}'");
        for (var done = 0; done < instances;)
        {
            var claim = await _writer.WriteAsync(new ClaimRequest(_node.NodeId, _node.Epoch, [new(jobId, taskId, PerClaim)]), default);
            AttemptReport[] reports =
            [
                .. from range in Assert.Single(claim.Claims).Attempts
                   from index in Enumerable.Range(range.FirstIndex, range.Count)
                   select new AttemptReport { Index = index, Attempt = range.Attempt, Outcome = AttemptOutcome.Exited, ExitCode = 0, BeganMsAgo = 1, EndedMsAgo = 0 },
            ];
            await _writer.WriteAsync(new NodeReport(_node.NodeId, new() { Epoch = _node.Epoch, Tasks = [new() { JobId = jobId, TaskId = taskId, Attempts = reports }] }), default);
            done += reports.Length;
        }

        return jobId;
    }
}
