using System.Text;
using System.Text.Json;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>Events that a subscription wants in another format than they were published in.</summary>
public sealed class FormatTests(DeliveryFixture server) : IClassFixture<DeliveryFixture>, IAsyncLifetime
{
    private WebhookReceiver _receiver = null!;

    public async Task InitializeAsync() => _receiver = await WebhookReceiver.StartAsync();

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task Event_IsWrittenAnewFromTheJournal()
    {
        await server.AddJobAsync("job-format00", "formats");
        await server.SubscribeAsync("formats", _receiver.Url, "'format':'cloudevents'");
        await server.PublishAsync("formats", "job-format00", 2);

        var push = (await _receiver.WhenAsync(1))[0];
        using var body = JsonDocument.Parse(push.Body);

        Assert.Equal("application/cloudevents+json", push.Headers["content-type"].Split(';')[0]);
        Assert.Equal(("1.0", "job-format00:2"), (body.RootElement.GetProperty("specversion").GetString(), body.RootElement.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task PushForms_CarryTheEventInTheirOwnFormat()
    {
        await server.AddJobAsync("job-format01", "another", "formats-cmq");
        await server.AddJobAsync("job-format02", "formats-mns");
        await server.SubscribeAsync("formats-cmq", _receiver.Url, "'push':'cmq','format':'cmq'");
        await server.SubscribeAsync("formats-mns", _receiver.Url, "'push':'mns','content_format':'json','format':'mns'");
        await server.PublishAsync("formats-cmq", "job-format01", 2);
        await server.PublishAsync("formats-mns", "job-format02", 2);

        var pushes = await _receiver.WhenAsync(2);
        using var cmq = BodyIn(pushes.Single(push => push.Id == "job-format01:2"), "msgBody");
        using var mns = BodyIn(pushes.Single(push => push.Id == "job-format02:2"), "Message");
        var told = cmq.RootElement.GetProperty("Events")[0];

        Assert.Equal(("JOB_FAILED", "demo"), (told.GetProperty("EventName").GetString(), told.GetProperty("Batch").GetProperty("JobName").GetString()));
        Assert.Equal("""[{"Name":"n","Value":"v"}]""", told.GetProperty("EventVars").GetRawText());
        Assert.Equal(("OnJobFailed", "demo"), (mns.RootElement.GetProperty("Event").GetString(), mns.RootElement.GetProperty("JobName").GetString()));

        static JsonDocument BodyIn(Push push, string member)
        {
            using var around = JsonDocument.Parse(push.Body);
            return JsonDocument.Parse(around.RootElement.GetProperty(member).GetString()!);
        }
    }

    [Fact]
    public async Task TopicWithALimitOfItsOwn_ShortensWhatIsWrittenAnew()
    {
        await server.SubscribeAsync("Formats-Small", _receiver.Url, "'format':'cmq'");
        await server.AddJobAsync("job-format03", "formats-small");
        await server.ExecuteAsync("""
            UPDATE topics SET tencent = '{"MaxMsgSize":1024}' WHERE topic_key = 'formats-small';
            UPDATE events SET reason = repeat('x', 2000) WHERE subject_id = 'job-format03'
            """);
        await server.PublishAsync("Formats-Small", "job-format03", 2);

        var push = (await _receiver.WhenAsync(1))[0];

        Assert.Equal(1_024, Encoding.UTF8.GetByteCount(push.Body));
        Assert.Contains("xxx\"},\"EventName\"", push.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EventThatTheJournalDoesNotHave_IsDropped()
    {
        var subscription = await server.SubscribeAsync("forgotten", _receiver.Url, "'format':'mns'");
        await server.PublishAsync("forgotten", "job-forgot00", 1);

        var row = await server.WhenAsync(subscription, "job-forgot00", 1, "dropped");

        Assert.Equal(0, row!.Tries);
        Assert.Empty(_receiver.Pushes);
    }
}
