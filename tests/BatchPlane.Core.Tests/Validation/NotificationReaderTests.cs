using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Core.Tests.Validation;

public sealed class NotificationReaderTests
{
    [Theory]
    [InlineData("JobFailed")]
    [InlineData("JOB_FAILED")]
    [InlineData("job_failed")]
    public void AnySpelling_IsStoredCanonical(string spelling)
    {
        var job = ReadingAssert.Valid(ReadingAssert.Job(Job(Block("t", spelling))));

        Assert.Equal("JOB_FAILED", job.Notifications[0].EventConfigs[0].EventName);
        Assert.Empty(job.Notifications[0].EventConfigs[0].EventVars);
    }

    [Fact]
    public void EveryEvent_IsAllowedWhereTheCatalogueSaysSo()
    {
        foreach (var kind in EventCatalogue.All)
        {
            Assert.Equal(kind.Scope.HasFlag(EventScope.Job), ReadingAssert.Job(Job(Block("t", kind.PascalName))).IsValid);
            Assert.Equal(
                kind.Scope.HasFlag(EventScope.Environment),
                ReadingAssert.Environment($$"""{"env_name":"e","notifications":[{{Block("t", kind.PascalName)}}]}""").IsValid);
        }
    }

    [Theory]
    [InlineData("", "topic_name_invalid")]
    [InlineData("1st", "topic_name_invalid")]
    [InlineData("a.b", "topic_name_invalid")]
    [InlineData("ä", "topic_name_invalid")]
    [InlineData("t\\n", "topic_name_invalid")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "topic_name_too_long")]
    public void TopicNameBreakingTheRules_IsRefused(string topic, string code) =>
        ReadingAssert.Refused(ReadingAssert.Job(Job(Block(topic, "JobFailed"))), "$.notifications[0].topic_name", code);

    [Fact]
    public void TopicNameOfSixtyFour_IsAccepted() => ReadingAssert.Valid(ReadingAssert.Job(Job(Block("a" + new string('-', 63), "JobFailed"))));

    [Fact]
    public void UnknownEvent_ListsValidOnesAndTheNearest()
    {
        var message = ReadingAssert.Refused(ReadingAssert.Job(Job(Block("t", "JobFaild"))), "$.notifications[0].event_configs[0].event_name", "event_unknown");

        Assert.Contains("There is no event \"JobFaild\". Did you mean JOB_FAILED?", message, StringComparison.Ordinal);
        Assert.Contains("TASK_INSTANCE_FAILED_INTERRUPTED", message, StringComparison.Ordinal);
        Assert.DoesNotContain("COMPUTE_ENV_CREATED", message, StringComparison.Ordinal);
    }

    [Fact]
    public void EnvironmentEventOnAJob_SaysWhereItBelongs()
    {
        var message = ReadingAssert.Refused(ReadingAssert.Job(Job(Block("t", "ComputeEnvCreated"))), "$.notifications[0].event_configs[0].event_name", "event_not_allowed");

        Assert.StartsWith("COMPUTE_ENV_CREATED is an event of an environment and cannot be asked for in the notifications of a job.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void SameEventTwiceInABlock_IsRefused() =>
        ReadingAssert.Refused(ReadingAssert.Job(Job(Block("t", "JobFailed", "JOB_FAILED"))), "$.notifications[0].event_configs[1].event_name", "event_duplicate");

    [Fact]
    public void SameEventInTwoBlocksOfOneTopic_IsRefused() =>
        ReadingAssert.Refused(ReadingAssert.Job(Job(Block("t", "JobFailed"), Block("T", "JobFailed"))), "$.notifications[1].event_configs[0].event_name", "event_duplicate");

    [Fact]
    public void SameEventOnTwoTopics_IsAccepted() =>
        Assert.Equal(2, ReadingAssert.Valid(ReadingAssert.Job(Job(Block("t", "JobFailed"), Block("u", "JobFailed")))).Notifications.Count);

    [Fact]
    public void MoreBlocksThanAMaskHasBits_AreRefused()
    {
        var blocks = Enumerable.Range(0, NotificationInterest.MaxNotifications + 1).Select(n => Block($"t{n}", "JobFailed")).ToArray();

        ReadingAssert.Refused(ReadingAssert.Job(Job(blocks)), "$.notifications", "notifications_too_many");
    }

    [Fact]
    public void SeveralTopics_ShareABlock()
    {
        var job = ReadingAssert.Valid(ReadingAssert.Job(Job(BlockOf(127), Block("t0", "JobRunning"))));

        Assert.Equal(127, job.Notifications[0].Topics.Count);
        Assert.Null(job.Notifications[0].TopicName);
        Assert.Equal(["t0"], job.Notifications[1].Topics);
    }

    [Fact]
    public void SameEventInALaterBlockOfOneOfTheTopics_IsRefused() =>
        ReadingAssert.Refused(ReadingAssert.Job(Job(BlockOf(3), Block("T2", "JobFailed"))), "$.notifications[1].event_configs[0].event_name", "event_duplicate");

    [Fact]
    public void MoreTopicsInAllBlocksThanAllowed_AreRefusedOnce() =>
        ReadingAssert.Refused(ReadingAssert.Job(Job(BlockOf(128), Block("a", "JobFailed"), Block("b", "JobFailed"))), "$.notifications[1].topic_name", "topics_too_many");

    public static TheoryData<string, string, string> Refusals => new()
    {
        { """{"topic_name":"t","topic_names":["u"],"event_configs":[{"event_name":"JobFailed"}]}""", ".topic_names", "topic_names_not_allowed" },
        { """{"TopicNames":[],"event_configs":[{"event_name":"JobFailed"}]}""", ".TopicNames", "topic_names_empty" },
        { """{"topic_names":"t","event_configs":[{"event_name":"JobFailed"}]}""", ".topic_names", "type_mismatch" },
        { """{"topic_names":["t","T"],"event_configs":[{"event_name":"JobFailed"}]}""", ".topic_names[1]", "event_duplicate" },
        { """{"topic_names":["t","1"],"event_configs":[{"event_name":"JobFailed"}]}""", ".topic_names[1]", "topic_name_invalid" },
        { """{"event_configs":[{"event_name":"JobFailed"}]}""", ".topic_name", "required" },
        { """{"topic_name":"t"}""", ".event_configs", "required" },
        { """{"TopicName":"t","EventConfigs":[]}""", ".EventConfigs", "event_configs_empty" },
        { """{"topic_name":"t","event_configs":"JobFailed"}""", ".event_configs", "type_mismatch" },
        { """{"topic_name":"t","event_configs":["JobFailed"]}""", ".event_configs[0]", "type_mismatch" },
        { """{"topic_name":"t","event_configs":[{}]}""", ".event_configs[0].event_name", "required" },
        { """{"topic_name":"t","event_configs":[{"event_name":1}]}""", ".event_configs[0].event_name", "type_mismatch" },
        { """{"topic_name":"t","event_configs":[{"event_name":"JobFailed","event_vars":[{"name":"n"}]}]}""", ".event_configs[0].event_vars[0].value", "required" },
        { """{"topic_name":"t","event_configs":[{"event_name":"JobFailed","event_vars":[{"name":"","value":""}]}]}""", ".event_configs[0].event_vars[0].name", "event_var_name_invalid" },
        { """{"topic_name":"t","event_configs":[{"event_name":"JobFailed"}],"fromat":"mns"}""", ".fromat", "member_unknown" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void OneThingWrong_IsTheOnlyProblem(string block, string path, string code) =>
        ReadingAssert.Refused(ReadingAssert.Job(Job(block)), "$.notifications[0]" + path, code);

    private static string BlockOf(int topics) =>
        $$"""{"topic_names":[{{string.Join(',', Enumerable.Range(0, topics).Select(number => $"\"t{number}\""))}}],"event_configs":[{"event_name":"JobFailed"}]}""";

    private static string Block(string topic, params string[] events) =>
        $$"""{"topic_name":"{{topic}}","event_configs":[{{string.Join(',', events.Select(name => $$"""{"event_name":"{{name}}"}"""))}}]}""";

    private static string Job(params string[] blocks) =>
        $$$"""{"tasks":[{"application":{"command":"true"}}],"notifications":[{{{string.Join(',', blocks)}}}]}""";
}
