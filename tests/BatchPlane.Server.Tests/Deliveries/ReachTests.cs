using System.Net;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>A server that waits long for answers, and whose allow-list may change with a restart.</summary>
public sealed class PatientDelivery : DeliveryFixture
{
    internal const string Loopback = "127.0.0.0/8,::1/128";

    internal string AllowedNetworks { get; set; } = Loopback;

    protected override async Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync() =>
        [.. (await base.OptionsAsync()).Where(option => option.Key is not ("Webhooks:AllowedNetworks" or "Webhooks:Timeout")), new("Webhooks:AllowedNetworks", AllowedNetworks), new("Webhooks:Timeout", "00:01:00")];
}

/// <summary>Where the requests of a whole server get to, and what one receiver is to another.</summary>
public sealed class ReachTests(PatientDelivery server) : IClassFixture<PatientDelivery>, IAsyncLifetime
{
    private WebhookReceiver _receiver = null!;

    public async Task InitializeAsync() => _receiver = await WebhookReceiver.StartAsync();

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task NameThatIsForbiddenByNow_IsNotDialled()
    {
        var subscription = await server.SubscribeAsync("rebound", $"http://localhost:{new Uri(_receiver.Url).Port}/");
        try
        {
            server.AllowedNetworks = "";
            await server.RestartAsync();
            await server.PublishAsync("rebound", "job-rebound0", 1);

            var row = await server.WhenAsync(subscription, "job-rebound0", 1, "retrying");

            Assert.Null(row!.Status);
            Assert.Contains("localhost", row.Reason, StringComparison.Ordinal);
            Assert.Empty(_receiver.Pushes);
        }
        finally
        {
            server.AllowedNetworks = PatientDelivery.Loopback;
            await server.RestartAsync();
        }
    }

    [Fact]
    public async Task ProxyOfTheProcess_IsNotUsed()
    {
        await using var proxy = await WebhookReceiver.StartAsync();
        var before = HttpClient.DefaultProxy;
        HttpClient.DefaultProxy = new ProxyOfOne(new Uri(_receiver.Url), new Uri(proxy.Url));
        try
        {
            // A handler looks for its proxy once.
            await server.RestartAsync();
            await server.SubscribeAsync("direct", _receiver.Url);
            await server.PublishAsync("direct", "job-direct00", 1);

            await Dispatch.Until.ReachedAsync(() => Task.FromResult(_receiver.Pushes.Count + proxy.Pushes.Count), count => count > 0, count => $"{count} requests");

            Assert.Empty(proxy.Pushes);
            using var client = new HttpClient();
            using var proxied = await client.GetAsync(new Uri(_receiver.Url));
            Assert.Single(proxy.Pushes);
        }
        finally
        {
            HttpClient.DefaultProxy = before;
        }
    }

    [Fact]
    public async Task WebhookThatHangs_HoldsUpNobodyOnItsTopic()
    {
        const int Events = 50;
        var answered = new TaskCompletionSource();
        await using var hanging = await WebhookReceiver.StartAsync();
        hanging.Answer = (_, _) => answered.Task;
        await server.SubscribeAsync("crowded", hanging.Url, "'max_in_flight':1");
        await server.SubscribeAsync("crowded", _receiver.Url);

        await server.PublishAsync("crowded", "job-crowded0", [.. Enumerable.Range(1, Events).Select(number => (long)number)]);
        await hanging.WhenAsync(1);
        var pushes = await _receiver.WhenAsync(Events);

        Assert.Equal(Events, pushes.Select(push => push.Id).Distinct().Count());
        Assert.Single(hanging.Pushes);
        answered.SetResult();
        await hanging.WhenAsync(Events);
    }

    /// <summary>For one address alone: others of this process go on as they did.</summary>
    private sealed class ProxyOfOne(Uri only, Uri proxy) : IWebProxy
    {
        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : proxy;

        public bool IsBypassed(Uri host) => host.Authority != only.Authority;
    }
}
