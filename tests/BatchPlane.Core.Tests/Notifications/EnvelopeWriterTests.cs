using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Messages;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Core.Tests.Notifications;

public sealed class EnvelopeWriterTests : IDisposable
{
    private static readonly DateTimeOffset Created = new(2025, 10, 9, 8, 50, 0, 900, TimeSpan.Zero);
    private static readonly DateTimeOffset Occurred = new(2025, 10, 9, 10, 53, 20, 999, TimeSpan.FromHours(2));

    internal static readonly SubjectContext Job = new()
    {
        SubjectId = "job-4yn0we13",
        Name = "Größe <demo> & \"日本\" 🚀",
        Priority = 7,
        CreatedAt = Created,
        TaskNames = new Dictionary<int, string> { [0] = "split", [1] = "count" },
        Notifications = [],
    };

    internal static readonly SubjectContext Environment = new()
    {
        SubjectId = "env-ptoxdb1t",
        Name = "batch-env",
        CreatedAt = Created,
        Notifications = [],
    };

    internal static readonly NodeFacts Node = new("env-ptoxdb1t", "batch-env", "ins-9rikj9kw", 4, 8, Created);

    private readonly EnvelopeWriter _writer = new(new NotificationOptions());

    public static TheoryData<string> Names => [.. EventCatalogue.All.Select(kind => kind.Name)];

    public void Dispose() => _writer.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryEvent_BodyIsTheGoldenOneByteForByte(string name)
    {
        var kind = EventCatalogue.Find(name)!;

        var body = _writer.Write(new(kind, new(RowOf(kind), 0), SubjectOf(kind), NodeOf(kind), VarsOf(kind)), out var tooLong);

        Assert.False(tooLong);
        AssertGolden($"{name}.json", body.ToArray());
    }

    [Fact]
    public void NodeCreated_HasExactlyTheKeysOfTheSample()
    {
        var kind = EventCatalogue.Find("COMPUTE_NODE_CREATED")!;

        var body = _writer.Write(new(kind, new(RowOf(kind), 0), Environment, Node, []), out _);

        var batch = JsonDocument.Parse(body).RootElement.GetProperty("Events")[0].GetProperty("Batch");
        Assert.Equal(
            ["ComputeNodeId", "EnvId", "ComputeNodeState", "Mem", "ResourceCreatedTime", "EnvName", "ComputeNodeInstanceId", "Cpu"],
            batch.EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public void Region_IsThatOfTheRequestThatMadeIt()
    {
        var kind = EventCatalogue.Find("COMPUTE_NODE_CREATED")!;
        string? RegionOf(SubjectContext subject) =>
            JsonDocument.Parse(_writer.Write(new(kind, new(RowOf(kind), 0), subject, Node, []), out _)).RootElement.GetProperty("Events")[0].GetProperty("Region").GetString();

        Assert.Equal(("ap-local", "ap-guangzhou"), (RegionOf(Environment), RegionOf(Environment with { Region = "ap-guangzhou" })));
    }

    [Fact]
    public void NodeThatNeverWas_HasEmptyFactsAndNoNull()
    {
        var kind = EventCatalogue.Find("COMPUTE_NODE_CREATION_FAILED")!;
        var row = RowOf(kind) with { Details = null, Reason = null };

        var body = _writer.Write(new(kind, new(row, 0), Environment, Node: null, []), out _);

        Assert.Contains(
            "\"Mem\":0,\"ResourceCreatedTime\":\"\",\"EnvName\":\"batch-env\",\"ComputeNodeInstanceId\":\"\",\"Cpu\":0,\"StateReason\":\"\"}",
            Encoding.UTF8.GetString(body.Span),
            StringComparison.Ordinal);
    }

    [Fact]
    public void NodeMadeForATask_HasTheTasksKeysBesides()
    {
        var kind = EventCatalogue.Find("COMPUTE_NODE_ABNORMAL")!;
        var row = RowOf(kind) with { SubjectId = Job.SubjectId, TaskNo = 1, Reason = "no sign of life within its lease" };

        var body = _writer.Write(new(kind, new(row, 0), Job, Node, []), out _);

        var batch = JsonDocument.Parse(body).RootElement.GetProperty("Events")[0].GetProperty("Batch");
        Assert.Equal(
            ["ComputeNodeId", "EnvId", "ComputeNodeState", "Mem", "ResourceCreatedTime", "EnvName", "ComputeNodeInstanceId", "Cpu", "StateReason", "JobId", "TaskName"],
            batch.EnumerateObject().Select(member => member.Name));
        AssertGolden($"{EventDocument.NodeOfATask}.json", body.ToArray());
        Assert.Equal(
            ("env-ptoxdb1t", "batch-env", Job.SubjectId, "count"),
            (batch.GetProperty("EnvId").GetString(), batch.GetProperty("EnvName").GetString(), batch.GetProperty("JobId").GetString(), batch.GetProperty("TaskName").GetString()));
    }

    [Fact]
    public void RowWithSpan_EachEventHasItsOwnIndex()
    {
        var kind = EventCatalogue.Find("TASK_INSTANCE_FAILED")!;
        var row = RowOf(kind) with { Span = 3, InstanceIndex = 10, Sequence = 5 };

        var third = new JournalEvent(row, 2);
        var body = Encoding.UTF8.GetString(_writer.Write(new(kind, third, Job, Node: null, []), out _).Span);

        Assert.Equal("job-4yn0we13:7", third.Id);
        Assert.Contains("\"TaskInstanceIndex\":12,", body, StringComparison.Ordinal);
    }

    [Fact]
    public void LongReason_IsCutToTheLimitAtAWholeCharacter()
    {
        var kind = EventCatalogue.Find("JOB_FAILED")!;
        var row = RowOf(kind) with { Reason = string.Concat(Enumerable.Repeat("ü\"🚀", 20_000)) };

        var body = _writer.Write(new(kind, new(row, 0), Job, Node: null, VarsOf(kind)), out var tooLong);

        Assert.False(tooLong);
        Assert.InRange(body.Length, 1, NotificationOptions.DefaultMaxMessageBytes);
        var reason = JsonDocument.Parse(body).RootElement.GetProperty("Events")[0].GetProperty("Batch").GetProperty("StateReason").GetString()!;
        Assert.StartsWith(reason, row.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void LongVariables_AreNotCutButReported()
    {
        var kind = EventCatalogue.Find("JOB_RUNNING")!;

        _writer.Write(new(kind, new(RowOf(kind), 0), Job, Node: null, [new("big", new('x', 70_000))]), out var tooLong);

        Assert.True(tooLong);
    }

    internal static SubjectContext SubjectOf(EventKind kind) => kind.Level switch
    {
        EventLevel.ComputeEnv or EventLevel.ComputeNode => Environment,
        EventLevel.Subscription => Environment with { SubjectId = "subsc-7h2kq9xa", Name = "subsc-7h2kq9xa" },
        _ => Job,
    };

    internal static NodeFacts? NodeOf(EventKind kind) =>
        kind.Level is EventLevel.TaskInstance or EventLevel.ComputeNode ? Node : null;

    internal static EventVarDocument[] VarsOf(EventKind kind) =>
        kind.Level == EventLevel.Job ? [new("jobSucceed", "Success"), new("b", "ä/<>'")] : [];

    internal static OutboxRow RowOf(EventKind kind) => new()
    {
        OrderTxId = 1,
        EventNo = 1,
        SubjectId = SubjectOf(kind).SubjectId,
        Sequence = 1,
        Level = kind.Level,
        State = kind.State,
        TaskNo = kind.Level is EventLevel.Task or EventLevel.TaskInstance ? 1 : null,
        InstanceIndex = kind.Level == EventLevel.TaskInstance ? 3 : null,
        NodeId = kind.Level is EventLevel.TaskInstance or EventLevel.ComputeNode ? "node-0iy7wxyo" : null,
        Attempt = kind.Level == EventLevel.TaskInstance ? 2 : null,
        ExitCode = kind is { Level: EventLevel.TaskInstance, State: not ("RUNNING" or EventCatalogue.AttemptStarted or EventCatalogue.Progress or EventCatalogue.CustomEvent) } ? (kind.State == "SUCCEED" ? 0 : 17) : null,
        Reason = kind.Level == EventLevel.Subscription ? (kind.State == EventCatalogue.Disabled ? "The endpoint answered 410 Gone." : null) : kind.State is "RUNNING" or "SUCCEED" or "CREATED" or "SUBMITTED" or EventCatalogue.AttemptStarted or EventCatalogue.Recovered or EventCatalogue.Progress or EventCatalogue.CustomEvent ? null : "task count failed: exit code 17",
        LaunchedAt = kind.Level == EventLevel.TaskInstance ? Created.AddSeconds(1) : null,
        RunningAt = kind.Level == EventLevel.TaskInstance ? Created.AddSeconds(2) : null,
        OccurredAt = Occurred,
        Notify = 1,
        Details = DetailsOf(kind),
    };

    private static JournalDetails? DetailsOf(EventKind kind)
    {
        var metrics = new RunMetrics
        {
            SubmittedCount = 1,
            PendingCount = 2,
            RunnableCount = 3,
            StartingCount = 4,
            RunningCount = 5,
            SucceedCount = 6,
            FailedCount = 7,
            FailedInterruptedCount = 8,
        };
        return kind switch
        {
            { State: EventCatalogue.PriorityChanged } => new() { JobState = RunState.Running, Priority = 20, From = 7, To = 20, TaskMetrics = metrics, TaskInstanceMetrics = metrics },
            { State: EventCatalogue.Overdue } => new() { JobState = RunState.Running, Priority = 7, Deadline = Occurred.AddSeconds(-1), TaskMetrics = metrics, TaskInstanceMetrics = metrics },
            { State: EventCatalogue.AttemptEnded } => new() { State = RunState.Runnable },
            { State: EventCatalogue.Progress, Level: EventLevel.Task } => new() { State = RunState.Running, Percent = 42, TaskInstanceMetrics = metrics },
            { State: EventCatalogue.Progress } => new() { Percent = 42.5, Message = "Größe <3> & \"日本\" 🚀" },
            { State: EventCatalogue.CustomEvent } => new() { Name = "checkpoint", Data = JsonDocument.Parse("""{"step":3,"file":"Größe <3> & \"🚀\"","none":null}""").RootElement },
            _ => MetricsOf(kind.Level, metrics),
        };
    }

    private static JournalDetails? MetricsOf(EventLevel level, RunMetrics metrics) =>
        level switch
        {
            EventLevel.Job => new() { TaskMetrics = metrics, TaskInstanceMetrics = metrics },
            EventLevel.Task => new() { TaskInstanceMetrics = metrics },
            EventLevel.Subscription => new() { TopicName = "job-message" },
            EventLevel.ComputeEnv => new() { DesiredComputeNodeCount = 2 },
            EventLevel.ComputeNode => new() { InstanceId = "ins-9rikj9kw", Cpu = 4, Mem = 8, ResourceCreatedTime = Created.AddSeconds(1) },
            _ => null,
        };

    internal static void AssertGolden(string file, byte[] actual, [CallerFilePath] string source = "")
    {
        var path = Path.Combine(Path.GetDirectoryName(source)!, "Golden", file);
        if (System.Environment.GetEnvironmentVariable("BATCHPLANE_UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, actual);
        }

        Assert.Equal(Encoding.UTF8.GetString(File.ReadAllBytes(path)), Encoding.UTF8.GetString(actual));
        Assert.Equal(File.ReadAllBytes(path), actual);
    }
}
