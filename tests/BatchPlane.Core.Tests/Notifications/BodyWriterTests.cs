using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Messages;
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

    public static TheoryData<string> FlatNames => [.. EventSchemas.KindsOf(NotificationFormat.Mns).Select(kind => kind.Name)];

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
    [MemberData(nameof(FlatNames))]
    public void EveryEventInMns_IsTheGoldenOneByteForByte(string name)
    {
        var kind = EventCatalogue.FindAny(name)!;
        var message = FlatMessageOf(kind);
        using var writer = BodyWriter.Of(NotificationFormat.Mns, new());

        var body = writer.Write(message, out var tooLong).ToArray();

        Assert.False(tooLong);
        using var json = JsonDocument.Parse(body);
        Assert.Equal(name, json.RootElement.GetProperty("Event").GetString());
        Assert.Equal(EventPayload.FlatKeysOf(kind), json.RootElement.EnumerateObject().Select(member => member.Name));
        Assert.All(json.RootElement.EnumerateObject(), member => Assert.Equal(JsonValueKind.String, member.Value.ValueKind));
        Assert.All(
            json.RootElement.EnumerateObject().Where(member => member.Name.EndsWith("Time", StringComparison.Ordinal)),
            member => Assert.Matches(LongTime(), member.Value.GetString()));
        EnvelopeWriterTests.AssertGolden($"Mns/{name}.json", body);
    }

    [Theory]
    [InlineData(NotificationFormat.Cmq)]
    [InlineData(NotificationFormat.Cloudevents)]
    [InlineData(NotificationFormat.Mns)]
    public void PropertiesOfEveryEvent_AreTheGoldenOnes(NotificationFormat format)
    {
        using var writer = BodyWriter.Of(format, new());
        var messages = EventSchemas.KindsOf(format).Select(kind => format == NotificationFormat.Mns ? FlatMessageOf(kind) : MessageOf(kind));

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

    [Theory]
    [InlineData(NotificationFormat.Cmq, "ProgressMessage")]
    [InlineData(NotificationFormat.Mns, "Detail")]
    public void LongProgressMessage_IsCut(NotificationFormat format, string member)
    {
        const int Limit = 1_024;
        var message = MessageOf(EventCatalogue.Find("TASK_INSTANCE_PROGRESS")!);
        message = message with { Event = new(message.Event.Row with { Details = new() { Percent = 42.5, Message = new('m', 4_000) } }, 0) };
        using var writer = BodyWriter.Of(format, new());

        var body = writer.Write(message, out var tooLong, Limit);

        Assert.False(tooLong);
        Assert.Equal(Limit, body.Length);
        using var json = JsonDocument.Parse(body);
        var holder = format == NotificationFormat.Mns ? json.RootElement : json.RootElement.GetProperty("Events")[0].GetProperty("Batch");
        Assert.StartsWith("mmm", holder.GetProperty(member).GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(NotificationFormat.Cmq, null)]
    [InlineData(NotificationFormat.Cloudevents, null)]
    [InlineData(NotificationFormat.Mns, "{\"step\":\"ddd")]
    public void LongCustomData_IsLeftOutOrCut(NotificationFormat format, string? begin)
    {
        const int Limit = 1_024;
        var message = MessageOf(EventCatalogue.Find("TASK_INSTANCE_CUSTOM_EVENT")!);
        message = message with { Event = new(message.Event.Row with { Details = new() { Name = "checkpoint", Data = JsonDocument.Parse($$"""{"step":"{{new string('d', 4_000)}}"}""").RootElement } }, 0) };
        using var writer = BodyWriter.Of(format, new());

        var body = writer.Write(message, out var tooLong, Limit);

        Assert.False(tooLong);
        using var json = JsonDocument.Parse(body);
        var holder = format switch
        {
            NotificationFormat.Cmq => json.RootElement.GetProperty("Events")[0].GetProperty("Batch"),
            NotificationFormat.Cloudevents => json.RootElement.GetProperty("data").GetProperty("Batch"),
            NotificationFormat.Mns => json.RootElement,
        };
        Assert.Equal("checkpoint", holder.GetProperty("CustomEventName").GetString());
        var data = holder.TryGetProperty("CustomEventData", out var found) ? found.GetString() : null;
        Assert.Equal(begin is null, data is null);
        Assert.StartsWith(begin ?? "", data ?? "", StringComparison.Ordinal);
        Assert.EndsWith(begin is null ? "" : "...(truncated)", data ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void SeveralLongTexts_TheLongestIsCutFirst()
    {
        var message = MessageOf(EventCatalogue.Find("TASK_INSTANCE_FAILED")!);
        using var writer = BodyWriter.Of(NotificationFormat.Mns, new());
        var bare = writer.Write(message with { Event = new(message.Event.Row with { Reason = null }, 0) }, out _).Length;
        message = message with { Event = new(message.Event.Row with { Reason = new('r', 400), Details = new() { Message = new('m', 2_000) } }, 0) };
        (string Reason, string Detail, bool TooLong) Texts(int limit)
        {
            using var json = JsonDocument.Parse(writer.Write(message, out var tooLong, limit));
            return (json.RootElement.GetProperty("ErrorMessage").GetString()!, json.RootElement.GetProperty("Detail").GetString()!, tooLong);
        }

        var (one, both) = (Texts(bare + 500), Texts(bare + 100));

        Assert.Equal((new('r', 400), false), (one.Reason, one.TooLong));
        Assert.EndsWith("m...(truncated)", one.Detail, StringComparison.Ordinal);
        Assert.Equal(("...(truncated)", false), (both.Detail, both.TooLong));
        Assert.EndsWith("r...(truncated)", both.Reason, StringComparison.Ordinal);
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
    private static Message FlatMessageOf(EventKind kind)
    {
        if (!AlibabaEvents.All.Contains(kind))
        {
            return MessageOf(kind);
        }

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
            Details = kind.Level == EventLevel.TaskInstance && cause is not null ? new() { Percent = 87.5, RetryCount = 3 } : row.Details,
        };
        return MessageOf(kind) with { Event = new(row, 0), Vars = [] };
    }

    [GeneratedRegex(@"^(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)?\z")]
    private static partial Regex LongTime();
}
