using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Server.Deliveries;
using BatchPlane.Server.Deliveries.Mail;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>A server with an SMTP server of the distribution, both on loopback.</summary>
public sealed class MailFixture : DeliveryFixture
{
    internal Peer Smtp { get; private set; } = null!;

    protected override async Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync()
    {
        // The distribution's own interpreter: another one does not see its packages.
        Smtp = Peer.Start("/usr/bin/python3", "smtp", "run.py");
        return
        [
            .. await base.OptionsAsync(),
            new("Email:Host", "127.0.0.1"),
            new("Email:Port", await Smtp.ReadLineAsync()),
            new("Email:Security", "None"),
            new("Email:From", "batch@example.org"),
            new("Email:GatherFor", "00:00:02"),
            new("Email:MaxEvents", "5"),
        ];
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await Smtp.DisposeAsync();
    }

    internal async Task<SubscriptionView> MailAsync(string topic, string address)
    {
        using var made = await PostAsync("/v1/topics", $$"""{"topic_name":"{{topic}}"}""");
        using var subscribed = await PostAsync($"/v1/topics/{topic}/subscriptions", $$"""{"protocol":"email","endpoint":"{{address}}"}""");
        Assert.True(subscribed.IsSuccessStatusCode, await subscribed.Content.ReadAsStringAsync());
        return await ReadAsync<SubscriptionView>(subscribed);
    }
}

public sealed class MailDeliveryTests(MailFixture server) : IClassFixture<MailFixture>
{
    [Fact]
    public async Task FirstEventGoesAtOnce_ThoseThatFollowShareMails()
    {
        var subscription = await server.MailAsync("mailed", "ops@example.org");
        await server.PublishAsync("mailed", "job-mailed00", 1);
        var first = await MailAsync();
        await server.PublishAsync("mailed", "job-mailed00", 2, 3, 4, 5, 6, 7, 8);
        var second = await MailAsync();
        var third = await MailAsync();

        Assert.Equal(("batch@example.org", "ops@example.org"), (first.From, first.To));
        Assert.Contains("Subject: [BatchPlane] JOB_FAILED job-mailed00", first.Text, StringComparison.Ordinal);
        Assert.Contains("Auto-Submitted: auto-generated", first.Text, StringComparison.Ordinal);
        Assert.Equal((1, 5, 2), (first.Events, second.Events, third.Events));
        Assert.Contains("Subject: [BatchPlane] 5 events on mailed", second.Text, StringComparison.Ordinal);
        Assert.All([second, third], mail => Assert.Equal(IdsIn(mail.Text).Order(StringComparer.Ordinal), IdsIn(mail.Text)));
        Assert.Equal(new DeliveryRow("delivered", 1, 250, null), await server.WhenAsync(subscription, "job-mailed00", 8, "delivered"));
    }

    [Theory]
    [InlineData("never@example.org", "dead", 550)]
    [InlineData("later@example.org", "retrying", 451)]
    [InlineData("odd@example.org", "retrying", 550)]
    public async Task RefusedMail_IsFinalOnlyWhenTheRecipientIsRefusedForGood(string address, string state, int status)
    {
        var topic = "refused-" + address[..3];
        var subscription = await server.MailAsync(topic, address);
        await server.PublishAsync(topic, "job-refused0", 1);

        var row = await server.WhenAsync(subscription, "job-refused0", 1, state);

        Assert.Equal((1, status), (row!.Tries, row.Status));
    }

    [Fact]
    public async Task MailThatIsTooLargeForTheServer_IsSentInHalves()
    {
        var subscription = await server.MailAsync("halved", "small@example.org");
        await server.PublishAsync("halved", "job-halved00", 1);
        await server.WhenAsync(subscription, "job-halved00", 1, "delivered");
        await server.PublishAsync("halved", "job-halved00", 2, 3, 4, 5, 6);

        foreach (var sequence in (long[])[2, 3, 4, 5, 6])
        {
            Assert.Equal(new DeliveryRow("delivered", 1, 250, null), await server.WhenAsync(subscription, "job-halved00", sequence, "delivered"));
        }

        // Lines of this mail are of no interest to others.
        for (var mail = 0; mail < 6; mail++)
        {
            Assert.Equal(1, (await MailAsync()).Events);
        }
    }

    [Fact]
    public async Task EventsOfManyBytes_GoAtOnce()
    {
        var sent = new List<int>();
        var gatherer = new MailGatherer(new() { GatherFor = TimeSpan.FromMinutes(15), MaxBytes = 1_000 }, TimeProvider.System, (_, events) =>
        {
            sent.Add(events.Count);
            return Task.FromResult<IReadOnlyList<DeliveryOutcome>>([.. events.Select((_, number) => new DeliveryOutcome.Delivered(number))]);
        });
        Task<DeliveryOutcome> AddAsync(int bytes) => gatherer.AddAsync("a@example.org", new(null!, new(new byte[bytes], "text/plain")), default);

        await AddAsync(1);
        var outcomes = await Task.WhenAll(AddAsync(500), AddAsync(500));

        Assert.Equal([1, 2], sent);
        Assert.Equal([0, 1], outcomes.Select(outcome => ((DeliveryOutcome.Delivered)outcome).Status));
    }

    [Theory]
    [InlineData("batch@example.org", 0)]
    [InlineData("BatchPlane <batch@example.org>", 0)]
    [InlineData("@@", 1)]
    public void From_HasToBeAnAddress(string from, int expectedProblems)
    {
        var options = new EmailOptions { From = from };

        Assert.Equal(expectedProblems, options.Validate(new(options)).Count());
    }

    private static IEnumerable<string> IdsIn(string text) =>
        text.Split('\n').Where(line => line.StartsWith("X-BatchPlane-Event-Id:", StringComparison.Ordinal)).Select(line => line.Trim());

    private async Task<(string From, string To, string Text, int Events)> MailAsync()
    {
        using var mail = JsonDocument.Parse(await server.Smtp.ReadLineAsync());
        var text = mail.RootElement.GetProperty("text").GetString()!;
        return (
            mail.RootElement.GetProperty("from").GetString()!,
            mail.RootElement.GetProperty("to")[0].GetString()!,
            text,
            text.Split("X-BatchPlane-Event-Id:").Length - 1);
    }
}
