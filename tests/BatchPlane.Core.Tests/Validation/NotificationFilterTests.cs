using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Core.Tests.Validation;

public sealed class NotificationFilterTests
{
    [Theory]
    [InlineData("JOB_*", "JOB_RUNNING JOB_SUCCEED JOB_FAILED JOB_FAILED_INTERRUPTED")]
    [InlineData("*_failed", "JOB_FAILED TASK_FAILED TASK_INSTANCE_FAILED COMPUTE_NODE_CREATION_FAILED")]
    [InlineData("TaskInstance*", "TASK_INSTANCE_RUNNING TASK_INSTANCE_SUCCEED TASK_INSTANCE_FAILED TASK_INSTANCE_FAILED_INTERRUPTED")]
    public void Pattern_StandsForTheSpecifiedEventsThatItMatches(string pattern, string expected) =>
        Assert.Equal(expected.Split(' '), Events($$"""{"event_name":"{{pattern}}"}"""));

    [Fact]
    public void Star_HasNothingThatIsNotSpecified() =>
        Assert.Equal(EventCatalogue.All.Where(kind => kind.Number < 19 && kind.Scope.HasFlag(EventScope.Job)).Select(kind => kind.Name), Events("""{"event_name":"*"}"""));

    [Fact]
    public void PatternBesideAName_LeavesTheNameItsVariables()
    {
        var job = ReadingAssert.Valid(ReadingAssert.Job(Job("""{"event_name":"*_FAILED"},{"event_name":"JobFailed","event_vars":[{"name":"a","value":"b"}]}""")));

        var failed = Assert.Single(job.Notifications[0].EventConfigs, config => config.EventName == "JOB_FAILED");
        Assert.Equal([new EventVarDocument("a", "b")], failed.EventVars);
    }

    [Theory]
    [InlineData("*_PROGRESS")]
    [InlineData("JOBS_*")]
    [InlineData("COMPUTE_ENV_*")]
    public void PatternWithoutAnEvent_IsRefused(string pattern) =>
        ReadingAssert.Refused(ReadingAssert.Job(Job($$"""{"event_name":"{{pattern}}"}""")), "$.notifications[0].event_configs[0].event_name", "event_unknown");

    [Fact]
    public void PatternsOfTwoBlocksThatMeetOnATopic_AreRefused() => ReadingAssert.Refused(
        ReadingAssert.Job("""{"job_name":"d","tasks":[{"task_name":"a","application":{"command":"true"}}],"notifications":[{"topic_name":"t","event_configs":[{"event_name":"JOB_*"}]},{"topic_name":"T","event_configs":[{"event_name":"JobFailed"}]}]}"""),
        "$.notifications[1].event_configs[0].event_name",
        "event_duplicate");

    [Fact]
    public void FilterThatAdmitsNothing_IsRefused() => ReadingAssert.Refused(
        ReadingAssert.Job(Job("""{"event_name":"JobRunning"}""", """{"final":true}""")),
        "$.notifications[0].filter",
        "filter_admits_nothing");

    [Fact]
    public void RollUpOfAnotherEvent_IsRefused() => ReadingAssert.Refused(
        ReadingAssert.Job(Job("""{"event_name":"JobFailed","every_percent":5}""")),
        "$.notifications[0].event_configs[0].every_percent",
        "roll_up_not_allowed");

    [Theory]
    [InlineData("""{"levels":["JOB"]}""", "JOB_RUNNING JOB_SUCCEED JOB_FAILED JOB_FAILED_INTERRUPTED")]
    [InlineData("""{"levels":["job","task"],"final":true}""", "JOB_SUCCEED JOB_FAILED JOB_FAILED_INTERRUPTED TASK_SUCCEED TASK_FAILED TASK_FAILED_INTERRUPTED")]
    [InlineData("""{"levels":["job"],"labels":[{"key":"branch","value":"main"}]}""", "JOB_RUNNING JOB_SUCCEED JOB_FAILED JOB_FAILED_INTERRUPTED")]
    [InlineData("""{"levels":["job"],"final":true,"labels":[{"key":"branch"}]}""", "JOB_SUCCEED JOB_FAILED JOB_FAILED_INTERRUPTED")]
    [InlineData("""{"labels":[{"key":"branch","value":"other"}]}""", "")]
    [InlineData("""{"labels":[{"key":"branch","value":"main"},{"key":"other"}]}""", "")]
    public void Filter_LeavesOnlyWhatPasses(string filter, string expected)
    {
        var interest = InterestOf(Job("""{"event_name":"*"}""", filter));

        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), EventCatalogue.All.Where(interest.Has).Select(kind => kind.Name));
    }

    [Fact]
    public void LevelThatNoBlockIsToldOf_IsRefused() => ReadingAssert.Refused(
        ReadingAssert.Job(Job("""{"event_name":"JobFailed"}""", """{"levels":["job","subscription"]}""")), "$.notifications[0].filter.levels[1]", "filter_level_unknown");

    [Fact]
    public void ChangedOnly_LeavesOutWhatChangesNoStateAndRepeatedBegins()
    {
        const string Asked = """{"event_name":"TaskInstanceRunning"},{"event_name":"TaskInstanceProgress"},{"event_name":"TaskInstanceFailed"}""";
        var (all, changed) = (InterestOf(Job(Asked)), InterestOf(Job(Asked, """{"changed":true}""")));

        Assert.Equal((1, 0), (all.MaskFor(Entry("PROGRESS", 1)), changed.MaskFor(Entry("PROGRESS", 1))));
        Assert.Equal((1, 1), (all.MaskFor(Entry("RUNNING", 1)), changed.MaskFor(Entry("RUNNING", 1))));
        Assert.Equal((1, 0), (all.MaskFor(Repeated(2)), changed.MaskFor(Repeated(2))));
        Assert.Equal((1, 1), (all.MaskFor(Entry("FAILED", 2)), changed.MaskFor(Entry("FAILED", 2))));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"Topic":{}}""")]
    [InlineData("""{"Topic":{"Name":"t"}}""")]
    [InlineData("""{"Topic":{"Name":"t","Events":[]}}""")]
    public void AlibabaBlockWithoutEvents_AsksForNothing(string block) =>
        Assert.Empty(ReadingAssert.Valid(ReadingAssert.Job(WithAlibaba(block))).Notifications);

    [Fact]
    public void AlibabaBlock_IsABlockInMns()
    {
        var job = ReadingAssert.Valid(ReadingAssert.Job(WithAlibaba("""{"Topic":{"Name":"t","Endpoint":"","Events":["OnJobFailed","OnInstanceWaiting","OnJobFailed"]}}""")));

        var block = Assert.Single(job.Notifications);
        Assert.Equal(("t", NotificationFormat.Mns), (block.TopicName, block.Format));
        Assert.Equal(["OnJobFailed", "OnInstanceWaiting"], block.EventConfigs.Select(config => config.EventName));
    }

    [Fact]
    public void AlibabaEvent_IsAllowedWhereItBelongs() => Assert.All(AlibabaEvents.All, kind =>
    {
        var block = $$$"""{"Topic":{"Name":"t","Events":["{{{kind.Name}}}"]}}""";

        Assert.Equal(kind.Scope == EventScope.Job, ReadingAssert.Job(WithAlibaba(block)).IsValid);
        Assert.Equal(kind.Scope == EventScope.Environment, ReadingAssert.Environment($$"""{"env_name":"e","Notification":{{block}}}""").IsValid);
    });

    [Fact]
    public void AlibabaEventInAnotherSpelling_IsUnknown() => ReadingAssert.Refused(
        ReadingAssert.Job(WithAlibaba("""{"Topic":{"Name":"t","Events":["onJobFailed"]}}""")), "$.Notification.Topic.Events[0]", "event_unknown");

    [Fact]
    public void EndpointInTheTable_IsAccepted()
    {
        var limits = new NotificationLimits { Endpoints = "http://2.mns.cn-b.aliyuncs.com, http://1.mns.cn-a.aliyuncs.com/" };
        const string Block = """{"Topic":{"Name":"t","Endpoint":"HTTP://1.mns.cn-a.aliyuncs.com","Events":["OnJobFailed"]}}""";
        using var document = JsonDocument.Parse(WithAlibaba(Block));

        Assert.True(JobDocumentReader.Read(document.RootElement, new(), limits).IsValid);
        ReadingAssert.Refused(ReadingAssert.Job(WithAlibaba(Block)), "$.Notification.Topic.Endpoint", "endpoint_unknown");
    }

    [Fact]
    public void AlibabaTopicThatIsInNotificationsToo_IsRefusedWhereATransitionWouldBeToldTwice()
    {
        static string Document(string events) => $$$$"""
            {"job_name":"d","tasks":[{"task_name":"a","application":{"command":"true"}}],
             "notifications":[{"topic_name":"t","event_configs":[{"event_name":"JobFailed"}]},{"topic_name":"u","event_configs":[{"event_name":"JobSucceed"}]}],
             "Notification":{"Topic":{"Name":"T","Events":[{{{{events}}}}]}}}
            """;

        Assert.Equal(3, ReadingAssert.Valid(ReadingAssert.Job(Document("""  "OnJobFinished","OnTaskFailed","OnJobWaiting" """))).Notifications.Count);
        ReadingAssert.Refused(ReadingAssert.Job(Document("""  "OnJobFinished","OnJobFailed" """)), "$.Notification.Topic.Events[1]", "event_duplicate");
        ReadingAssert.Refused(ReadingAssert.Job(Document("""  "OnJobStopped" """)), "$.Notification.Topic.Events[0]", "event_duplicate");
    }

    [Fact]
    public void AlibabaBlock_IsKeptAsItWasGiven()
    {
        const string Given = """{"topic":{"name":"t","endpoint":"http://1.mns.cn-a.aliyuncs.com/","events":["OnJobFailed","OnInstanceWaiting","OnJobFailed"]}}""";
        using var document = JsonDocument.Parse(WithAlibaba(Given));

        var job = ReadingAssert.Valid(JobDocumentReader.Read(document.RootElement, new(), new NotificationLimits { Endpoints = "http://1.mns.cn-a.aliyuncs.com" }));

        Assert.Equal(Given, JsonSerializer.Serialize(job.Notification, BatchPlaneJson.Options));
    }

    private static IEnumerable<string> Events(string configs) =>
        ReadingAssert.Valid(ReadingAssert.Job(Job(configs))).Notifications[0].EventConfigs.Select(config => config.EventName);

    private static NotificationInterest InterestOf(string json)
    {
        var job = ReadingAssert.Valid(ReadingAssert.Job(json));
        return NotificationInterest.FromColumn(NotificationInterest.Of(job.Notifications, job.Tags).ToColumn());
    }

    [Theory]
    [InlineData("TASK_INSTANCE_RUNNING", false, true)]
    [InlineData("TASK_INSTANCE_RUNNING", true, false)]
    [InlineData("OnInstanceRunning", true, false)]
    [InlineData("TASK_INSTANCE_FAILED", true, true)]
    [InlineData("TASK_INSTANCE_PROGRESS", false, false)]
    [InlineData("JOB_RUNNING", false, true)]
    public void ChangedOfASubscription_IsTheFirstBeginOfEachLife(string name, bool beganBefore, bool passes) =>
        Assert.Equal(passes, EventFilter.Admits(new() { Changed = true }, EventCatalogue.FindAny(name)!, beganBefore, []));

    private static JournalEntry Repeated(int attempt) => Entry("RUNNING", attempt) with { IsRepeatedBegin = true };

    private static JournalEntry Entry(string state, int attempt) => new()
    {
        SubjectId = "job-aaaaaaaa",
        Level = EventLevel.TaskInstance,
        State = state,
        Attempt = attempt,
        Source = JournalSource.Agent,
        OccurredAt = DateTimeOffset.UnixEpoch,
    };

    private static string Job(string configs, string? filter = null)
    {
        var filterMember = filter is null ? "" : $"\"filter\":{filter},";
        return $$$"""{"job_name":"d","tasks":[{"task_name":"a","application":{"command":"true"}}],"tags":[{"key":"branch","value":"main"}],"notifications":[{"topic_name":"t",{{{filterMember}}}"event_configs":[{{{configs}}}]}]}""";
    }

    private static string WithAlibaba(string block) => $$$"""{"job_name":"d","tasks":[{"task_name":"a","application":{"command":"true"}}],"Notification":{{{block}}}}""";
}
