using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using static BatchPlane.Core.Tests.Jobs.JobWorld;

namespace BatchPlane.Core.Tests.Jobs;

/// <summary>What commands post, in the aggregate: who may, in which order it is journalled, and how much of it.</summary>
public sealed class JobAggregateProgressTests
{
    private readonly JobWorld _world = Running();
    private readonly ProgressIntake _intake = new(new() { EventBurst = 3, MaxEventsPerAttempt = 4, MaxMessageBytes = 10, MaxEventDataBytes = 10 });

    [Fact]
    public void PostedWithTheEnd_ComesBeforeItAndAfterTheBegin()
    {
        var world = Of([Task("a")]);
        world.Claim("a");

        Assert.True(Post(world, Progress(1, 100, "done", "checkpoint"), AttemptOutcome.Exited));

        Assert.Equal(
            ["TASK_INSTANCE_RUNNING a[0]", "TASK_INSTANCE_CUSTOM_EVENT a[0]", "TASK_INSTANCE_PROGRESS a[0]", "TASK_INSTANCE_SUCCEED a[0]"],
            world.Story.Where(line => line.Contains("INSTANCE", StringComparison.Ordinal)));
        Assert.False(world.Job.Progress.Single().IsLive);
        world.AssertConsistent();
    }

    [Fact]
    public void PostedBeforeTheBeginIsTold_ProvesThatItBegan()
    {
        var world = Of([Task("a")]);
        world.Claim("a");

        Post(world, Progress(1, 1));
        world.Report("a", 0, AttemptOutcome.Running);

        Assert.Single(world.Story, "TASK_INSTANCE_RUNNING a[0]");
        Assert.Equal("TASK_INSTANCE_PROGRESS a[0]", world.Story.Last());
    }

    [Fact]
    public void Repeated_ChangesNothing()
    {
        Post(_world, Progress(1, 50, "half", "once"));
        var story = _world.Story.ToList();

        Post(_world, Progress(1, 50, "half", "once"));

        Assert.Equal(story, _world.Story);
        Assert.Equal((1, 1), (_world.Job.Progress.Single().EventCount, _intake.Events));
    }

    [Theory]
    [InlineData("node-bbbbbbbb", Epoch, 1)]
    [InlineData(Node, Epoch + 1, 1)]
    [InlineData(Node, Epoch, 2)]
    public void OfAnotherNodeEpochOrAttempt_IsRefusedAndKeptNowhere(string node, long epoch, int attempt)
    {
        var story = _world.Story.ToList();

        Assert.False(Post(_world, Progress(1, 50, "late", "late"), node: node, epoch: epoch, attempt: attempt));

        Assert.Equal(story, _world.Story);
        Assert.Empty(_world.Job.Progress);
    }

    [Fact]
    public void AfterTheEnd_IsIgnored()
    {
        _world.Succeed("a", 0);
        var story = _world.Story.ToList();

        Assert.True(Post(_world, Progress(1, 50, "late", "late")));

        Assert.Equal(story, _world.Story);
        Assert.Empty(_world.Job.Progress);
    }

    [Fact]
    public void FasterThanTheInterval_OnlyTheTableKnowsUntilTheEnd()
    {
        Post(_world, Progress(1, 10));
        _world.Now += TimeSpan.FromMilliseconds(10);
        Post(_world, Progress(2, 20));
        Assert.Equal((20.0, false), (_world.Job.Progress.Single().Percent, _world.Job.Progress.Single().IsTold));
        Assert.Single(_world.Story, "TASK_INSTANCE_PROGRESS a[0]");

        Post(_world, Progress(3, 20), AttemptOutcome.Exited);

        Assert.Equal([10.0, 20.0], Details("PROGRESS").Select(details => details.GetProperty("percent").GetDouble()));
    }

    [Fact]
    public void SameValueAgain_IsNoEvent()
    {
        Post(_world, Progress(1, 10));
        _world.Now += TimeSpan.FromSeconds(5);
        Post(_world, Progress(2, 10));

        Assert.Single(_world.Story, "TASK_INSTANCE_PROGRESS a[0]");
        Assert.Equal((2, 1), (_world.Job.Progress.Single().Number, _intake.Posts));
    }

    [Fact]
    public void OverTheLimits_EventsAreDroppedAndCounted()
    {
        Post(_world, Progress(1, null, null, "a", "b", "c", "d"));
        Post(_world, Progress(2, null, null, "e", "f") with { DroppedEvents = 5, BadLines = 2, Problem = "bad\u0000" });

        var record = _world.Job.Progress.Single();
        Assert.Equal(["a", "b", "c", "e"], Details("CUSTOM_EVENT").Select(details => details.GetProperty("name").GetString()));
        Assert.Equal((4, 7L, 2L, "bad"), (record.EventCount, record.DroppedEvents, record.BadLines, record.Problem));
        Assert.Equal((4, 7L, 2L, 0), (_intake.Events, _intake.DroppedEvents, _intake.BadLines, _intake.Posts));
    }

    [Fact]
    public void AgainstTheRules_NothingOfItIsKept()
    {
        var data = JsonDocument.Parse("""{"long":"0123456789","nul":"\u0000"}""").RootElement;
        Post(_world, Progress(1, 101, "0123456789abc\u0000") with
        {
            Events = [new("with blank"), new("n", data.GetProperty("long")), new("n", data.GetProperty("nul")), new("n", data)],
        });

        var record = _world.Job.Progress.Single();
        Assert.Equal((null, "0123456789", 0, 4L), (record.Percent, record.Message, record.EventCount, record.DroppedEvents));
    }

    [Fact]
    public void NextAttempt_BeginsAnew()
    {
        var world = Running(retries: 1);
        Post(world, Progress(7, 80, "before", "x"));
        world.Fail("a", 0);
        world.Claim("a");

        Post(world, Progress(1, 5), attempt: 2);

        var record = world.Job.Progress.Single();
        Assert.Equal((2, 1, 5.0, null, 0), (record.Attempt, record.Number, record.Percent, record.Message, record.EventCount));
    }

    [Fact]
    public void Asked_OnlyThoseEventsGoToTheTopic()
    {
        var world = Running(asked: ["TaskInstanceProgress"]);

        Post(world, Progress(1, 5, null, "x"));

        Assert.Equal(
            [("CUSTOM_EVENT", 0), ("PROGRESS", 1)],
            world.Job.Journal.Where(entry => entry.State is "PROGRESS" or "CUSTOM_EVENT").Select(entry => (entry.State, entry.Notify)));
        Assert.All(world.Job.Journal.Where(entry => entry.State is not "PROGRESS"), entry => Assert.Equal(0, entry.Notify));
    }

    private static JobWorld Running(int retries = 0, string[]? asked = null)
    {
        var world = Of(
            [Task("a", retries: retries)],
            notifications: asked is null ? null : [new() { TopicName = "t", EventConfigs = [.. asked.Select(name => new EventConfigDocument { EventName = name })] }]);
        world.Claim("a");
        world.Report("a", 0, AttemptOutcome.Running);
        return world;
    }

    private static AttemptProgress Progress(int number, double? percent, string? message = null, params string[] events) =>
        new() { Number = number, Percent = percent, Message = message, PostedMsAgo = 0, Events = [.. events.Select(name => new PostedEvent(name))] };

    private bool Post(JobWorld world, AttemptProgress progress, AttemptOutcome outcome = AttemptOutcome.Running, int attempt = 1, string node = Node, long epoch = Epoch) =>
        world.Job.Report(
            world["a"].TaskId,
            node,
            epoch,
            new() { Index = 0, Attempt = attempt, Outcome = outcome, ExitCode = outcome == AttemptOutcome.Exited ? 0 : null, BeganMsAgo = 0, Progress = progress },
            world.Now,
            _intake);

    private IEnumerable<JsonElement> Details(string what) =>
        _world.Job.Journal.Where(entry => entry.State == what).Select(entry => JsonDocument.Parse(entry.Details!).RootElement);
}
