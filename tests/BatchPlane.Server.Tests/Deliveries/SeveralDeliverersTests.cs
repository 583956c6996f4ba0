using BatchPlane.Server.Tests.Dispatch;
using Microsoft.AspNetCore.Builder;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>Two servers that serve the same subscriptions, with a way to the broker that can be shut. They leave an endpoint alone soon and hold nothing long.</summary>
public sealed class DelivererPair : DeliveryFixture
{
    private TcpGate? _gate;
    private WebApplication _second = null!;

    internal TcpGate Gate => _gate ??= new(AmqpUri.Host, AmqpUri.Port);

    protected override Uri ServersBroker => new UriBuilder(AmqpUri) { Host = "127.0.0.1", Port = Gate.Port }.Uri;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        _second = await StartAnotherAsync();
    }

    public override async Task DisposeAsync()
    {
        await _second.DisposeAsync();
        await base.DisposeAsync();
        await Gate.DisposeAsync();
    }

    internal Task StopSecondAsync() => _second.StopAsync();

    internal async Task StartSecondAsync()
    {
        await _second.DisposeAsync();
        _second = await StartAnotherAsync();
    }

    protected override async Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync() =>
    [
        .. (await base.OptionsAsync()).Where(option => !option.Key.StartsWith("Deliveries:Pause", StringComparison.Ordinal)),
        new("Deliveries:PauseAfter", "3"),
        new("Deliveries:PauseMin", "00:00:00.500"),
        new("Deliveries:PauseMax", "00:00:00.500"),
        new("Deliveries:HoldMax", "00:00:00.100"),
        new("Broker:ReconnectMin", "00:00:00.020"),
        new("Broker:ReconnectMax", "00:00:00.200"),
    ];
}

public sealed class SeveralDeliverersTests(DelivererPair server) : IClassFixture<DelivererPair>, IAsyncLifetime
{
    private const string Often = "'retry':{'strategy':'exponential','first_delay_seconds':1,'max_delay_seconds':1,'max_retries':60}";

    private WebhookReceiver _receiver = null!;

    public async Task InitializeAsync() => _receiver = await WebhookReceiver.StartAsync();

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task TwoServers_ShareASubscriptionAndOneThatStopsLosesNothing()
    {
        const int Events = 20;
        var release = new TaskCompletionSource();
        _receiver.Answer = (_, context) => release.Task.WaitAsync(context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        var subscription = await server.SubscribeAsync("shared", _receiver.Url, "'max_in_flight':1");
        await Until.ReachedAsync(() => server.ConsumersAsync(subscription), count => count == 2, count => $"{count} consumers");
        await server.PublishAsync("shared", "job-shared00", [.. Enumerable.Range(1, Events).Select(number => (long)number)]);

        // One request each: more than one server has taken some.
        var underWay = (await _receiver.WhenAsync(2)).Length;
        await server.StopSecondAsync();
        release.SetResult();
        var rows = await Task.WhenAll(Enumerable.Range(1, Events).Select(number => server.WhenAsync(subscription, "job-shared00", number, "delivered")));

        Assert.Equal(2, underWay);
        Assert.All(rows, row => Assert.Equal(1, row!.Tries));
        Assert.Equal(Events, _receiver.Pushes.Select(push => push.Id).Distinct().Count());
        Assert.InRange(_receiver.Pushes.Count, Events, Events + 1);
        await server.StartSecondAsync();
    }

    [Fact]
    public async Task BrokerIsLostDuringARetry_EveryEventArrives()
    {
        const int Events = 10;
        var hold = new TaskCompletionSource();
        var mayFail = true;
        _receiver.Answer = async (number, context) =>
        {
            context.Response.StatusCode = mayFail ? 500 : 200;
            if (number > Events)
            {
                await hold.Task.WaitAsync(context.RequestAborted);
            }
        };
        var subscription = await server.SubscribeAsync("cut-off", _receiver.Url, Often);
        await server.PublishAsync("cut-off", "job-cutoff00", [.. Enumerable.Range(1, Events).Select(number => (long)number)]);

        // Some wait in the broker, some are on their way: their results meet a broker that is away.
        await _receiver.WhenAsync(Events + 1);
        await server.Gate.ShutAsync();
        hold.SetResult();
        await Until.ReachedAsync(
            async () => (await server.FindAsync(subscription)).LastFailedAt,
            failed => failed is not null,
            _ => "no failure noted");
        mayFail = false;
        server.Gate.Open();

        var rows = await Task.WhenAll(Enumerable.Range(1, Events).Select(number => server.WhenAsync(subscription, "job-cutoff00", number, "delivered")));
        Assert.All(rows, row => Assert.InRange(row!.Tries, 1, 60));
    }

    [Fact]
    public async Task EndpointThatFails_IsLeftAloneAndWhatCameMeanwhileIsPendingWithoutATry()
    {
        const int Events = 16;
        _receiver.AnswerAlways(500);
        var subscription = await server.SubscribeAsync("alone", _receiver.Url, Often + ",'max_in_flight':1");
        await server.PublishAsync("alone", "job-alone000", [.. Enumerable.Range(1, Events).Select(number => (long)number)]);

        var pending = await Until.ReachedAsync(
            async () => await Task.WhenAll(Enumerable.Range(1, Events).Select(number => server.FindAsync(subscription.SubscriptionId, "job-alone000", number))),
            rows => rows.Any(row => row?.State == "pending"),
            rows => string.Join(' ', rows.Select(row => row?.State)));
        var tried = _receiver.Pushes.Count;
        _receiver.AnswerAlways(200);
        await Task.WhenAll(Enumerable.Range(1, Events).Select(number => server.WhenAsync(subscription, "job-alone000", number, "delivered")));

        Assert.Equal(new DeliveryRow("pending", 0, null, "The endpoint fails and is left alone for a while."), pending.First(row => row?.State == "pending"));

        // Three at each server until it is left alone, and few probes.
        Assert.InRange(tried, 3, Events - 1);
    }
}
