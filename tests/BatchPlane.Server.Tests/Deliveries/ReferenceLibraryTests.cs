using System.Text.Json;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>Requests that were really sent, verified by the reference library of Standard Webhooks.</summary>
public sealed class ReferenceLibraryTests(DeliveryFixture server) : IClassFixture<DeliveryFixture>, IAsyncLifetime
{
    private WebhookReceiver _receiver = null!;
    private Peer _library = null!;

    public async Task InitializeAsync()
    {
        _receiver = await WebhookReceiver.StartAsync();
        _library = Peer.Start("node", "standardwebhooks", "verify.js");
    }

    public async Task DisposeAsync()
    {
        await _library.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Theory]
    [InlineData("standard", "'push':'standard'")]
    [InlineData("cmq", "'push':'cmq'")]
    [InlineData("mns", "'push':'mns','content_format':'json'")]
    public async Task Request_IsVerified(string topic, string form)
    {
        var subscription = await server.SubscribeAsync(topic, _receiver.Url, form);
        await server.PublishAsync(topic, "job-verified", 3);
        var push = (await _receiver.WhenAsync(1))[0];

        Assert.Equal("ok", await VerifyAsync(subscription.Secret!, push, push.Body));
        Assert.NotEqual("ok", await VerifyAsync(subscription.Secret!, push, push.Body + " "));
        Assert.NotEqual("ok", await VerifyAsync("whsec_" + Convert.ToBase64String(new byte[32]), push, push.Body));
    }

    private async Task<string> VerifyAsync(string secret, Push push, string body)
    {
        await _library.WriteLineAsync(JsonSerializer.Serialize(new { secret, headers = push.Headers, body }));
        return await _library.ReadLineAsync();
    }
}
