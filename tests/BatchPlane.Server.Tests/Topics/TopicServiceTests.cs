using BatchPlane.Contracts;
using BatchPlane.Server.Dispatch.Bus;
using BatchPlane.Server.Tests.Dispatch;
using BatchPlane.Server.Topics;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace BatchPlane.Server.Tests.Topics;

public sealed class TopicServiceTests : IAsyncLifetime
{
    private DispatchWorld _world = null!;
    private SubscriptionService _subscriptions = null!;

    public async Task InitializeAsync() => _world = await DispatchWorld.CreateAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task TopicAndSubscription_QueueIsQuorumAndGetsMessages()
    {
        var topics = await StartAsync();

        Assert.IsType<CreateTopicResult.Created>(await topics.CreateAsync(new("Job-Message"), "test", default));
        var subscribed = Assert.IsType<SubscribeResult.Created>(await _subscriptions.SubscribeAsync("job-message", Queue("inbox", "job.#"), "test", default));

        await using var channel = await _world.Client.CreateChannelAsync();
        await channel.ExchangeDeclareAsync("Job-Message", ExchangeType.Topic, durable: true);
        await channel.BasicPublishAsync("Job-Message", "job.failed", "x"u8.ToArray());
        await CountAsync("inbox", 1);
        await AssertQuorumAsync("inbox");
        Assert.Equal("Job-Message", subscribed.Subscription.TopicName);
    }

    [Fact]
    public async Task TopicAgain_InAnySpelling_AlreadyExists()
    {
        var topics = await StartAsync();
        await topics.CreateAsync(new("Alerts"), "test", default);

        var again = Assert.IsType<CreateTopicResult.AlreadyExists>(await topics.CreateAsync(new("ALERTS"), "test", default));

        Assert.Equal("Alerts", again.Topic.TopicName);
    }

    [Fact]
    public async Task ExchangeOfAnotherTypeExists_ConflictAndNothingStored()
    {
        await using var channel = await _world.Client.CreateChannelAsync();
        await channel.ExchangeDeclareAsync("taken", ExchangeType.Fanout, durable: true);
        var topics = await StartAsync();

        var conflict = Assert.IsType<CreateTopicResult.ExchangeConflict>(await topics.CreateAsync(new("taken"), "test", default));

        Assert.Contains("taken", conflict.Reason, StringComparison.Ordinal);
        Assert.Null(await _world.Topics.FindAsync("taken", default));
    }

    [Fact]
    public async Task QueueOfTheUsersOwnKind_IsBoundAsItIs()
    {
        await using var channel = await _world.Client.CreateChannelAsync();
        await channel.QueueDeclareAsync("mine", durable: false, exclusive: false, autoDelete: false);
        var topics = await StartAsync();
        await topics.CreateAsync(new("t"), "test", default);

        Assert.IsType<SubscribeResult.Created>(await _subscriptions.SubscribeAsync("t", Queue("mine"), "test", default));

        await channel.BasicPublishAsync("t", "job.failed", "x"u8.ToArray());
        await CountAsync("mine", 1);
    }

    [Fact]
    public async Task SubscribeTwice_IsOneSubscription()
    {
        var topics = await StartAsync();
        await topics.CreateAsync(new("t"), "test", default);
        var first = Assert.IsType<SubscribeResult.Created>(await _subscriptions.SubscribeAsync("t", Queue("q"), "test", default));

        var second = Assert.IsType<SubscribeResult.AlreadyExists>(await _subscriptions.SubscribeAsync("T", Queue("q"), "test", default));

        Assert.Equal(first.Subscription.SubscriptionId, second.Subscription.SubscriptionId);
        Assert.Single((await _world.Topics.FindAsync("t", default))!.Subscriptions);
        Assert.IsType<SubscribeResult.NoSuchTopic>(await _subscriptions.SubscribeAsync("other", Queue("q"), "test", default));
    }

    [Fact]
    public async Task Unsubscribe_UnbindsAndLeavesTheQueueWithItsMessages()
    {
        var topics = await StartAsync();
        await topics.CreateAsync(new("t"), "test", default);
        var subscribed = Assert.IsType<SubscribeResult.Created>(await _subscriptions.SubscribeAsync("t", Queue("q"), "test", default));
        await using var channel = await _world.Client.CreateChannelAsync();
        await channel.BasicPublishAsync("t", "job.failed", "x"u8.ToArray());
        await CountAsync("q", 1);

        Assert.True(await _subscriptions.UnsubscribeAsync("t", subscribed.Subscription.SubscriptionId, default));
        Assert.False(await _subscriptions.UnsubscribeAsync("t", subscribed.Subscription.SubscriptionId, default));
        var confirming = new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true);
        await using var publisher = await _world.Client.CreateChannelAsync(confirming);

        var returned = await Assert.ThrowsAsync<PublishException>(
            async () => await publisher.BasicPublishAsync("t", "job.failed", mandatory: true, "x"u8.ToArray()));
        Assert.True(returned.IsReturn);
        await CountAsync("q", 1);
    }

    [Fact]
    public async Task Delete_RemovesTheExchangeAndLeavesTheQueue()
    {
        var topics = await StartAsync();
        await topics.CreateAsync(new("t"), "test", default);
        await _subscriptions.SubscribeAsync("t", Queue("q"), "test", default);

        Assert.True(await topics.DeleteAsync("T", default));
        Assert.False(await topics.DeleteAsync("t", default));

        await CountAsync("q", 0);
        Assert.False(await ExchangeExistsAsync("t"));
    }

    [Fact]
    public async Task BrokerIsAway_EverythingIsStoredAndDeclaredLater()
    {
        var (gate, address) = _world.GateToBroker();
        await gate.ShutAsync();
        var server = await _world.StartAsync(address, dispatcher: false);
        var topics = server.Services.GetRequiredService<TopicService>();
        _subscriptions = server.Services.GetRequiredService<SubscriptionService>();

        Assert.IsType<CreateTopicResult.Created>(await topics.CreateAsync(new("t"), "test", default));
        Assert.IsType<SubscribeResult.Created>(await _subscriptions.SubscribeAsync("t", Queue("q"), "test", default));
        gate.Open();

        await BoundAsync("t", "q");
        await AssertQuorumAsync("q");
    }

    [Fact]
    public async Task BrokerLostItsData_IsRebuiltWhenItReturns()
    {
        var (gate, address) = _world.GateToBroker();
        var topics = await StartAsync(address);
        await topics.CreateAsync(new("t"), "test", default);
        await _subscriptions.SubscribeAsync("t", Queue("q"), "test", default);
        await gate.ShutAsync();
        await using (var channel = await _world.Client.CreateChannelAsync())
        {
            await channel.ExchangeDeleteAsync("t");
            await channel.QueueDeleteAsync("q");
        }

        gate.Open();

        await BoundAsync("t", "q");
    }

    /// <summary>What is declared last must be there before the first message: nothing that has no queue yet is sent again.</summary>
    [Fact]
    public async Task EventsWaitWhileTheBrokerIsAway_ReachQueuesThatWereSubscribedMeanwhile()
    {
        var (gate, address) = _world.GateToBroker();
        await gate.ShutAsync();
        var server = await _world.StartAsync(address);
        var topics = server.Services.GetRequiredService<TopicService>();
        _subscriptions = server.Services.GetRequiredService<SubscriptionService>();
        for (var other = 0; other < 20; other++)
        {
            await topics.CreateAsync(new($"a{other}"), "test", default);
            await _subscriptions.SubscribeAsync($"a{other}", Queue("many", $"job.{other}"), "test", default);
        }

        await topics.CreateAsync(new("z"), "test", default);
        await _subscriptions.SubscribeAsync("z", Queue("late"), "test", default);
        await _world.AddJobAsync("job-backlog0", DispatchWorld.Ask("z", "JOB_RUNNING"));
        await _world.AppendAsync("job-backlog0", span: 5);
        gate.Open();

        await Until.ReachedAsync(
            () => _world.ScalarAsync<long>("SELECT count(*) FROM dispatcher_shards WHERE cursor_event_no > 0"),
            moved => moved == 1,
            moved => $"{moved} shards moved");
        Assert.Equal(0, await _world.ScalarAsync<long>("SELECT count(*) FROM delivery_exceptions"));
        await CountAsync("late", 5);
    }

    [Fact]
    public async Task UnknownTopics_AreFoundAndMadeInTheSpellingThatHolds()
    {
        await _world.Topics.CreateAsync("Known", "test", default);

        var found = await _world.Topics.FindAsync(["known", "New", "new", "other"], default);
        var spelling = await _world.Topics.EnsureAsync(["KNOWN", "New", "other"], "test", default);
        var page = await _world.Topics.ListAsync(after: "known", pageSize: 1, default);

        Assert.Equal([new("known", "Known")], found);
        Assert.Equal(["Known", "New", "other"], [spelling["KNOWN"], spelling["New"], spelling["other"]]);
        Assert.Equal(["New"], page.Select(topic => topic.TopicName));
        Assert.Equal(["New", "other"], (await _world.Topics.FindAsync(["new", "OTHER"], default)).Values);
    }

    private static SubscriptionDocument Queue(string name, string binding = "#") =>
        new() { Protocol = SubscriptionProtocol.Queue, Endpoint = name, Bindings = [binding] };

    private async Task<TopicService> StartAsync(Uri? address = null)
    {
        var server = await _world.StartAsync(address, dispatcher: false);
        await server.Services.GetRequiredService<BrokerConnection>().WhenOpenAsync(default);
        _subscriptions = server.Services.GetRequiredService<SubscriptionService>();
        return server.Services.GetRequiredService<TopicService>();
    }

    private async Task CountAsync(string queue, uint expected)
    {
        await using var channel = await _world.Client.CreateChannelAsync();
        await Until.ReachedAsync(() => channel.MessageCountAsync(queue), count => count == expected, count => $"{count} messages in {queue}");
    }

    /// <summary>Waits until a message to the topic reaches the queue.</summary>
    private async Task BoundAsync(string topic, string queue) => await Until.ReachedAsync(
        async () =>
        {
            try
            {
                await using var channel = await _world.Client.CreateChannelAsync();
                await channel.ExchangeDeclarePassiveAsync(topic);
                await channel.BasicPublishAsync(topic, "job.failed", "x"u8.ToArray());
                return await channel.MessageCountAsync(queue);
            }
            catch (OperationInterruptedException)
            {
                return 0u;
            }
        },
        count => count > 0,
        count => $"{count} messages");

    private async Task<bool> ExchangeExistsAsync(string exchange)
    {
        try
        {
            await using var channel = await _world.Client.CreateChannelAsync();
            await channel.ExchangeDeclarePassiveAsync(exchange);
            return true;
        }
        catch (OperationInterruptedException)
        {
            return false;
        }
    }

    /// <summary>The broker accepts a declaration of what exists only when it is the same.</summary>
    private async Task AssertQuorumAsync(string queue)
    {
        await using var channel = await _world.Client.CreateChannelAsync();
        await channel.QueueDeclareAsync(
            queue,
            durable: true,
            exclusive: false,
            autoDelete: false,
            new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
    }
}
