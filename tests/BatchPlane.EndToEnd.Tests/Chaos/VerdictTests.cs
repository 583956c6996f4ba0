namespace BatchPlane.EndToEnd.Tests.Chaos;

/// <summary>The control of the kill tests: each kind of damage is planted and has to be seen.</summary>
public sealed class VerdictTests
{
    private static readonly JournalLine[] Journal =
    [
        new("j:1", 1, "JOB_SUBMITTED", null, null, false, false),
        new("j:2", 2, "TASK_INSTANCE_RUNNING", 0, "a", true, true),
        new("j:3", 3, "TASK_INSTANCE_SUCCEED", 0, "a", true, true),
        new("j:4", 4, "TASK_SUCCEED", null, "a", false, false),
        new("j:5", 5, "JOB_SUCCEED", null, null, true, true),
    ];

    private const string InstanceRuns =
        """{"Events":[{"Batch":{"JobId":"j","TaskName":"a","TaskInstanceIndex":0,"TaskInstanceState":"RUNNING"},"EventName":"TASK_INSTANCE_RUNNING"}]}""";

    private const string InstanceSucceeds =
        """{"Events":[{"Batch":{"JobId":"j","TaskName":"a","TaskInstanceIndex":0,"TaskInstanceState":"SUCCEED"},"EventName":"TASK_INSTANCE_SUCCEED"}]}""";

    private const string JobSucceeds = """{"Events":[{"Batch":{"JobId":"j","JobState":"SUCCEED"},"EventName":"JOB_SUCCEED"}]}""";

    private static readonly (string Id, string Body)[] Received = [("j:2", InstanceRuns), ("j:3", InstanceSucceeds), ("j:2", InstanceRuns), ("j:5", JobSucceeds)];

    [Fact]
    public void SoundStory_IsFoundSound() => Assert.Empty(Verdict.On(Story(Journal, Received)));

    [Fact]
    public void LostMessage_IsSeen() => AssertSeen("never arrived", Story(Journal, Received[..3]));

    [Fact]
    public void ForeignMessage_IsSeen() => AssertSeen("nobody asked for", Story(Journal, [.. Received, ("j:9", "x")]));

    [Fact]
    public void ChangedOrder_IsSeen() => AssertSeen("first arrived after", Story(Journal, [("j:3", InstanceSucceeds), ("j:2", InstanceRuns), ("j:5", JobSucceeds)]));

    [Fact]
    public void RepetitionWithAnotherBody_IsSeen() => AssertSeen("another body", Story(Journal, [.. Received, ("j:5", JobSucceeds + " ")]));

    [Theory]
    [InlineData("j:5", "\"JobState\":\"SUCCEED\"", "\"JobState\":\"FAILED\"")]
    [InlineData("j:5", "JOB_SUCCEED", "JOB_FAILED")]
    [InlineData("j:3", "\"TaskInstanceIndex\":0", "\"TaskInstanceIndex\":1")]
    [InlineData("j:3", "\"TaskName\":\"a\"", "\"TaskName\":\"b\"")]
    [InlineData("j:3", "\"JobId\":\"j\"", "\"JobId\":\"k\"")]
    public void MessageThatSaysSomethingElse_IsSeen(string id, string right, string wrong) => AssertSeen(
        "says something else",
        Story(Journal, [.. Received.Select(message => message.Id == id ? (id, message.Body.Replace(right, wrong, StringComparison.Ordinal)) : message)]));

    [Fact]
    public void GapInTheJournal_IsSeen() => AssertSeen("gap", Story([Journal[0], .. Journal[2..]], Received[1..2]));

    [Fact]
    public void InstanceThatEndedTwice_IsSeen() =>
        AssertSeen("ended, 2 times", Story([.. Journal, new("j:6", 6, "TASK_INSTANCE_FAILED", 0, "a", false, false)], Received));

    [Fact]
    public void JobThatDidNotEnd_IsSeen() => AssertSeen("not ended", Story(Journal[..3], Received[..3]) with { State = "RUNNING" });

    [Fact]
    public void TaskInAnotherState_IsSeen() => AssertSeen("task a is FAILED", Story(Journal, Received) with { Shown = Task("FAILED", 1, 0, "SUCCEED") });

    [Fact]
    public void InstanceInAnotherState_IsSeen() => AssertSeen("1 of them in another state", Story(Journal, Received) with { Shown = Task("SUCCEED", 1, 0, "FAILED") });

    [Fact]
    public void WrongCounter_IsSeen() => AssertSeen("counts 0 succeeded", Story(Journal, Received) with { Shown = Task("SUCCEED", 0, 0, "SUCCEED") });

    [Fact]
    public void SuccessOfACommandThatFails_IsSeen() =>
        AssertSeen("as its command does not", Story(Journal, Received) with { Submitted = new Dictionary<string, SubmittedTask> { ["a"] = new(1, _ => true) } });

    [Fact]
    public void EventThatWasAskedForAndIsNotTold_IsSeen() => AssertSeen("told nobody", Story([.. Journal[..2], Journal[2] with { IsTold = false }, .. Journal[3..]], Received));

    [Fact]
    public void DeliveryInAnotherState_IsSeen() => AssertSeen("shown as pending", Story(Journal, Received) with { Undelivered = ["pending"] });

    private static void AssertSeen(string what, JobStory story) => Assert.Contains(Verdict.On(story), line => line.Contains(what, StringComparison.Ordinal));

    private static JobStory Story(JournalLine[] journal, (string Id, string Body)[] received) =>
        new("j", "SUCCEED", new Dictionary<string, SubmittedTask> { ["a"] = new(1, _ => false) }, Task("SUCCEED", 1, 0, "SUCCEED"), journal, received, []);

    private static Dictionary<string, ShownTask> Task(string state, long succeeded, long failed, string instance) =>
        new() { ["a"] = new(state, succeeded, failed, new Dictionary<int, string> { [0] = instance }) };
}
