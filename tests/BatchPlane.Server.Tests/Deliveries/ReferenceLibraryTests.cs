using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Server.Tests.Dispatch;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>Requests that were really sent, verified by the reference library of Standard Webhooks.</summary>
public sealed class ReferenceLibraryTests(DeliveryFixture server) : IClassFixture<DeliveryFixture>, IAsyncLifetime
{
    private WebhookReceiver _receiver = null!;
    private Peer _library = null!;
    private long _published;

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

    [Fact]
    public async Task RequestWhileASecretIsRotated_IsVerifiedByBothAndAfterwardsByTheNewOneAlone()
    {
        var subscription = await server.SubscribeAsync("two-keys", _receiver.Url);
        using var response = await server.Client.PostAsync($"{DeliveryFixture.PathOf(subscription)}/rotate-secret", null);
        var rotated = await ServerFixture.ReadAsync<RotatedSecret>(response);

        var both = await SignedAsync(2);
        Assert.Equal(("ok", "ok"), (await VerifyAsync(subscription.Secret!, both, both.Body), await VerifyAsync(rotated.Secret, both, both.Body)));

        await server.ExecuteAsync("UPDATE subscriptions SET previous_secret_until = now() - interval '1 second', revision = nextval('subscription_revision_seq')");
        var one = await SignedAsync(1);
        Assert.Equal("ok", await VerifyAsync(rotated.Secret, one, one.Body));
        Assert.NotEqual("ok", await VerifyAsync(subscription.Secret!, one, one.Body));
    }

    /// <summary>A request with so many signatures: deliverers notice changes within moments. Each is another event, as what was delivered is not sent again.</summary>
    private Task<Push> SignedAsync(int signatures) => Until.ReachedAsync(
        async () =>
        {
            _receiver.Pushes.Clear();
            await server.PublishAsync("two-keys", "job-twokeys0", ++_published);
            return (await _receiver.WhenAsync(1))[0];
        },
        push => push.Headers["webhook-signature"].Split(' ').Length == signatures,
        push => push.Headers["webhook-signature"]);

    private async Task<string> VerifyAsync(string secret, Push push, string body)
    {
        await _library.WriteLineAsync(JsonSerializer.Serialize(new { secret, headers = push.Headers, body }));
        return await _library.ReadLineAsync();
    }
}
