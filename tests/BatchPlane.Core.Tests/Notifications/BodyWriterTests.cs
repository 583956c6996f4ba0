using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Core.Tests.Notifications;

public sealed partial class BodyWriterTests
{
    private static readonly JsonSerializerOptions Readable = new(BatchPlaneJson.Options) { WriteIndented = true, PropertyNamingPolicy = null };

    private static readonly SubjectContext Redirecting = EnvelopeWriterTests.Job with
    {
        Redirects = new Dictionary<int, RedirectInfoDocument>
        {
            [1] = new() { StdoutRedirectPath = "s3://data/logs/", StderrRedirectPath = "s3://data/logs/", StderrRedirectFileName = "${BATCH_TASK_NAME}-${BATCH_TASK_INSTANCE_INDEX}.err" },
        },
        Traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    };

    public static TheoryData<string> Names => [.. EventCatalogue.All.Select(kind => kind.Name)];

    public static TheoryData<string> AlibabaNames => [.. AlibabaEvents.All.Select(kind => kind.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryEventAsCloudEvent_IsTheGoldenOneByteForByte(string name)
    {
        var message = MessageOf(EventCatalogue.Find(name)!);
        using var writer = BodyWriter.Of(NotificationFormat.Cloudevents, new());

        var body = writer.Write(message, out var tooLong);

        Assert.False(tooLong);
        EnvelopeWriterTests.AssertGolden($"CloudEvents/{name}.json", body.ToArray());
    }

    [Theory]
    [MemberData(nameof(AlibabaNames))]
    public void EveryAlibabaEvent_IsTheGoldenOneByteForByte(string name)
    {
        var message = AlibabaMessageOf(AlibabaEvents.Find(name)!);
        using var writer = BodyWriter.Of(NotificationFormat.Mns, new());

        var body = writer.Write(message, out var tooLong).ToArray();

        Assert.False(tooLong);
        using var json = JsonDocument.Parse(body);
        Assert.Equal(name, json.RootElement.GetProperty("Event").GetString());
        Assert.All(json.RootElement.EnumerateObject(), member => Assert.Equal(JsonValueKind.String, member.Value.ValueKind));
        Assert.All(
            json.RootElement.EnumerateObject().Where(member => member.Name.EndsWith("Time", StringComparison.Ordinal)),
            member => Assert.Matches(LongTime(), member.Value.GetString()));
        EnvelopeWriterTests.AssertGolden($"Mns/{name}.json", body);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryEventInMns_HasTextsOnly(string name)
    {
        using var writer = BodyWriter.Of(NotificationFormat.Mns, new());

        using var json = JsonDocument.Parse(writer.Write(MessageOf(EventCatalogue.Find(name)!), out _));

        Assert.All(json.RootElement.EnumerateObject(), member => Assert.Equal(JsonValueKind.String, member.Value.ValueKind));
    }

    [Theory]
    [InlineData(NotificationFormat.Cmq)]
    [InlineData(NotificationFormat.Cloudevents)]
    [InlineData(NotificationFormat.Mns)]
    public void PropertiesOfEveryEvent_AreTheGoldenOnes(NotificationFormat format)
    {
        using var writer = BodyWriter.Of(format, new());
        var messages = format == NotificationFormat.Mns ? AlibabaEvents.All.Select(AlibabaMessageOf) : EventCatalogue.All.Select(MessageOf);

        var properties = messages.Select(message => MessageProperties.Of(message, writer, "ap-local")).ToList();

        EnvelopeWriterTests.AssertGolden($"properties-{WireName.Of(format).ToLowerInvariant()}.json", JsonSerializer.SerializeToUtf8Bytes(properties, Readable));
    }

    [Fact]
    public void TerminatedJob_IsStoppedAndAFailedOneIsNot()
    {
        using var writer = BodyWriter.Of(NotificationFormat.Mns, new());
        var failed = MessageOf(EventCatalogue.Find("JOB_FAILED")!);
        var stopped = failed with { Event = new(failed.Event.Row with { Cause = Cause.Terminated }, 0) };

        Assert.Contains("\"Event\":\"OnJobFailed\",\"State\":\"Failed\"", Encoding.UTF8.GetString(writer.Write(failed, out _).Span), StringComparison.Ordinal);
        Assert.Contains("\"Event\":\"OnJobStopped\",\"State\":\"Stopped\"", Encoding.UTF8.GetString(writer.Write(stopped, out _).Span), StringComparison.Ordinal);
    }

    [Fact]
    public void RetryCount_CountsWhatWentBefore()
    {
        using var writer = BodyWriter.Of(NotificationFormat.Mns, new());
        var row = EnvelopeWriterTests.RowOf(EventCatalogue.Find("TASK_INSTANCE_RUNNING")!);
        string RetryCount(string state, int? attempt)
        {
            var kind = AlibabaEvents.Of(EventLevel.TaskInstance, state, null)!;
            using var json = JsonDocument.Parse(writer.Write(new(kind, new(row with { State = state, Attempt = attempt }, 0), Redirecting, null, []), out _));
            return json.RootElement.GetProperty("RetryCount").GetString()!;
        }

        Assert.Equal(
            ["0", "0", "1", "1", "1"],
            [RetryCount("RUNNABLE", null), RetryCount("RUNNING", 1), RetryCount("RUNNABLE", 1), RetryCount("RUNNING", 2), RetryCount("SUCCEED", 2)]);
    }

    [Theory]
    [InlineData(NotificationFormat.Cmq, false)]
    [InlineData(NotificationFormat.Cloudevents, false)]
    [InlineData(NotificationFormat.Mns, true)]
    public void LongReason_IsCutByTheRuleOfTheFormat(NotificationFormat format, bool isMarked)
    {
        var whole = string.Concat(Enumerable.Repeat("ü\"🚀", 20_000));
        var message = MessageOf(EventCatalogue.Find("TASK_INSTANCE_FAILED")!);
        message = message with { Event = new(message.Event.Row with { Reason = whole }, 0) };
        using var writer = BodyWriter.Of(format, new());

        var body = writer.Write(message, out var tooLong);

        Assert.False(tooLong);
        Assert.InRange(body.Length, NotificationOptions.DefaultMaxMessageBytes - 20, NotificationOptions.DefaultMaxMessageBytes);
        using var json = JsonDocument.Parse(body);
        var reason = ReasonIn(json.RootElement, format);
        Assert.Equal(isMarked, reason.EndsWith("...(truncated)", StringComparison.Ordinal));
        Assert.StartsWith(reason.Replace("...(truncated)", "", StringComparison.Ordinal), whole, StringComparison.Ordinal);
    }

    private static string ReasonIn(JsonElement body, NotificationFormat format) => format switch
    {
        NotificationFormat.Cmq => body.GetProperty("Events")[0].GetProperty("Batch").GetProperty("StateReason").GetString()!,
        NotificationFormat.Cloudevents => body.GetProperty("data").GetProperty("Batch").GetProperty("StateReason").GetString()!,
        NotificationFormat.Mns => body.GetProperty("ErrorMessage").GetString()!,
    };

    private static Message MessageOf(EventKind kind)
    {
        var subject = EnvelopeWriterTests.SubjectOf(kind);
        return new(
            kind,
            new(EnvelopeWriterTests.RowOf(kind), 0),
            subject == EnvelopeWriterTests.Job ? Redirecting : subject,
            EnvelopeWriterTests.NodeOf(kind),
            EnvelopeWriterTests.VarsOf(kind));
    }

    /// <summary>A row that the event announces: the state as BatchPlane has it, and what such a row carries.</summary>
    private static Message AlibabaMessageOf(EventKind kind)
    {
        var (state, cause) = (kind.Level, kind.State) switch
        {
            (_, "WAITING") => ("RUNNABLE", (Cause?)null),
            (_, "STOPPED") => ("FAILED", Cause.Terminated),
            (_, "FINISHED") => ("SUCCEED", Cause.Succeeded),
            (EventLevel.ComputeNode, "ACTIVE") => ("RUNNING", null),
            (_, "FAILED") => ("FAILED", Cause.ExitCode),
            _ => (kind.State, null),
        };
        var row = EnvelopeWriterTests.RowOf(EventCatalogue.Of(kind.Level, state) ?? kind);
        var isWaiting = state == "RUNNABLE";
        var began = EnvelopeWriterTests.Job.CreatedAt.AddSeconds(2).AddMicroseconds(450);
        row = row with
        {
            State = state,
            Cause = cause,
            Attempt = kind.Level == EventLevel.TaskInstance && !isWaiting ? 2 : null,
            RunningAt = isWaiting || kind.Level is EventLevel.ComputeEnv or EventLevel.ComputeNode ? null : began,
            Reason = isWaiting ? null : row.Reason,
            ExitCode = cause == Cause.Terminated || isWaiting ? null : row.ExitCode,
        };
        return MessageOf(kind) with { Event = new(row, 0), Vars = [] };
    }

    [GeneratedRegex(@"^(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)?\z")]
    private static partial Regex LongTime();
}
