using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Subscriptions;
using BatchPlane.Core.Topics;
using BatchPlane.Server.Dispatch.Bus;
using BatchPlane.Server.Tests.Dispatch;
using BatchPlane.Server.Topics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace BatchPlane.Server.Tests.Topics;

/// <summary>RabbitMQ has what PostgreSQL says of topics, and nothing that it does not say any more, whoever changes them at the same moment.</summary>
public sealed class TopologyFollowerTests : IAsyncLifetime
{
    private DispatchWorld _world = null!;
    private RunningDispatcher _server = null!;
    private TopicService _topics = null!;
    private SubscriptionService _subscriptions = null!;
    private TopologyFollower _follower = null!;

    public async Task InitializeAsync()
    {
        _world = await DispatchWorld.CreateAsync();
        _server = await _world.StartAsync(dispatcher: false);
        await _server.Services.GetRequiredService<BrokerConnection>().WhenOpenAsync(default);
        _topics = _server.Services.GetRequiredService<TopicService>();
        _subscriptions = _server.Services.GetRequiredService<SubscriptionService>();
        _follower = _server.Services.GetRequiredService<TopologyFollower>();
        await _topics.CreateAsync(new("t"), "test", default);
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task BindingsChangeToAndFro_InTheEndTheyAreThoseStored()
    {
        var one = await SubscribeAsync(Queue("q", "job.a"));
        await Task.WhenAll(Enumerable.Range(0, 2).Select(async _ =>
        {
            for (var change = 0; change < 6; change++)
            {
                await _subscriptions.ChangeAsync("t", one.SubscriptionId, new() { Bindings = [change % 2 == 0 ? "job.b" : "job.a"] }, "user:test", default);
            }
        }));

        var stored = (await _world.Topics.FindAsync("t", default))!.Subscriptions.Single().Bindings.Single();

        Assert.True(await IsBoundAsync(stored));
        Assert.False(await IsBoundAsync(stored == "job.a" ? "job.b" : "job.a"));
        Assert.Equal(0, await _world.ScalarAsync<long>("SELECT count(*) FROM topology_removals"));
    }

    [Fact]
    public async Task RemovalOfWhatIsWantedAgain_MakesIt()
    {
        await SubscribeAsync(Queue("q", "job.a"));
        await using (var channel = await _world.Client.CreateChannelAsync())
        {
            await channel.QueueUnbindAsync("q", "t", "job.a");
        }

        await _world.ExecuteAsync("INSERT INTO topology_removals (topic_name, queue, binding) VALUES ('t', 'q', 'job.a'), ('t', NULL, NULL)");
        await _follower.CleanAsync("t", default);

        Assert.True(await IsBoundAsync("job.a"));
        Assert.Equal(0, await _world.ScalarAsync<long>("SELECT count(*) FROM topology_removals"));
    }

    [Fact]
    public async Task SomebodyHoldsTheTopic_NothingIsMadeUntilItIsFree()
    {
        Task<SubscribeResult> subscribing;
        await using (await TopologyLock.TakeAsync(_world.DataSource, "T", default))
        {
            subscribing = _subscriptions.SubscribeAsync("t", Queue("q", "job.a"), "test", default);
            await WaitingAsync("advisory", 1);
            Assert.False(await QueueExistsAsync("q"));
        }

        Assert.IsType<SubscribeResult.Created>(await subscribing);
        Assert.True(await IsBoundAsync("job.a"));
    }

    [Fact]
    public async Task RefusedSubscription_LeavesNothingBehind()
    {
        var one = ActivatorUtilities.CreateInstance<SubscriptionService>(_server.Services, Options.Create(new SubscriptionLimits { MaxPerTopic = 1 }));
        await SubscribeAsync(Queue("q", "job.a"));

        Assert.IsType<SubscribeResult.TooMany>(await one.SubscribeAsync("t", Queue("another", "job.a"), "test", default));

        Assert.False(await QueueExistsAsync("another"));
    }

    [Fact]
    public async Task QueueOfSomebodysConnection_IsRefusedAndNothingStored()
    {
        await using var channel = await _world.Client.CreateChannelAsync();
        await channel.QueueDeclareAsync("hers", durable: false, exclusive: true, autoDelete: false);

        Assert.IsType<SubscribeResult.QueueConflict>(await _subscriptions.SubscribeAsync("t", Queue("hers", "job.a"), "test", default));

        Assert.Empty((await _world.Topics.FindAsync("t", default))!.Subscriptions);
    }

    [Fact]
    public async Task RefusedRemoval_StaysWithItsReasonUntilItIsDone()
    {
        const string Locked = "batchplane.sub.subsc-locked00";
        await using var channel = await _world.Client.CreateChannelAsync();
        await channel.QueueDeclareAsync(Locked, durable: false, exclusive: true, autoDelete: false);
        await _world.ExecuteAsync($"INSERT INTO topology_removals (topic_name, queue) VALUES ('t', '{Locked}')");

        await _follower.CleanAsync("t", default);
        var refused = (await new DispatchQueries(_world.DataSource).LagAsync(100, 100, default)).RefusedRemovals.Single();
        await channel.QueueDeleteAsync(Locked);
        await _follower.CleanAsync("t", default);

        Assert.Equal(("t", Locked, null, 1), (refused.TopicName, refused.Queue, refused.Binding, refused.Tries));
        Assert.Contains("RESOURCE_LOCKED", refused.Reason, StringComparison.Ordinal);
        Assert.Equal(0, await _world.ScalarAsync<long>("SELECT count(*) FROM topology_removals"));
    }

    [Fact]
    public async Task SubscriptionIsMadeWhileItsTopicIsDeleted_ItsQueueIsNoted()
    {
        await using var connection = await _world.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var insert = new NpgsqlCommand(
            """
            INSERT INTO subscriptions (subscription_id, topic_key, protocol, endpoint, bindings, enabled, asked_txids, asked_event_nos, format, max_in_flight, max_age_seconds, max_queue_bytes, retry, created_by, created_at, updated_at)
            VALUES ('subsc-late0000', 't', 'email', 'a@example.org', '{#}', true, '{0,0,0,0}', '{0,0,0,0}', 'published', 1, 1, 1000, '{}', 'test', now(), now())
            """,
            connection);
        await insert.ExecuteNonQueryAsync();
        var deleting = _world.Topics.DeleteAsync("t", default);
        await WaitingAsync("transactionid", 1);
        await transaction.CommitAsync();

        Assert.Equal("t", await deleting);
        Assert.Equal(
            ["t batchplane.sub.subsc-late0000 ", "t  "],
            await _world.ScalarAsync<string[]>("SELECT array_agg(concat_ws(' ', topic_name, coalesce(queue, ''), coalesce(binding, '')) ORDER BY removal_no) FROM topology_removals"));
    }

    [Fact]
    public async Task TopicDeletedWhileTheBrokerIsAway_ExchangeAndQueuesGoLater()
    {
        var (gate, address) = _world.GateToBroker();
        await SubscribeAsync(Queue("q", "job.a"));
        await gate.ShutAsync();
        var away = await _world.StartAsync(address, dispatcher: false);

        Assert.True(await away.Services.GetRequiredService<TopicService>().DeleteAsync("t", default));
        Assert.Equal(2, await _world.ScalarAsync<long>("SELECT count(*) FROM topology_removals"));
        gate.Open();

        await Until.ReachedAsync(() => _world.ScalarAsync<long>("SELECT count(*) FROM topology_removals"), left => left == 0, left => $"{left} removals left");
        await using var channel = await _world.Client.CreateChannelAsync();
        await Assert.ThrowsAsync<OperationInterruptedException>(() => channel.ExchangeDeclarePassiveAsync("t"));
    }

    [Fact]
    public async Task TopicThatIsNotStored_LeavesNoExchangeBehindButSomebodys()
    {
        var topology = _server.Services.GetRequiredService<TopicTopology>();
        await using var channel = await _world.Client.CreateChannelAsync();
        await channel.ExchangeDeclareAsync("hers", ExchangeType.Topic, durable: true);
        string[] names = ["none", "T", "hers", "t"];

        foreach (var name in names)
        {
            Assert.IsType<Declaration.Done>(await _follower.DeclareNewAsync(name, () => Task.FromResult(false), default));
        }

        Assert.Equal([false, false, true, true], await Task.WhenAll(names.Select(name => topology.HasExchangeAsync(name, default))));
    }

    /// <summary>RabbitMQ keeps names that begin like this for itself.</summary>
    [Fact]
    public async Task ExchangeThatCannotBeMade_LeavesTheNoticeToBeSentForAsLongAsTheTopicIsThere()
    {
        using var notices = ActivatorUtilities.CreateInstance<NoticePublisher>(_server.Services, TimeProvider.System);
        await _world.Topics.CreateAsync("amq.Told", "test", default);

        Assert.Equal(NoticeOutcome.NotSent, await TellAsync("amq.Told"));
        Assert.Equal(NoticeOutcome.NoTopic, await TellAsync("amq.told"));
        await _topics.DeleteAsync("amq.told", default);
        Assert.Equal(NoticeOutcome.NoTopic, await TellAsync("amq.Told"));

        Task<NoticeOutcome> TellAsync(string topic) => notices.TestAsync(topic, "test-told", "topic.test", default);
    }

    [Theory]
    [InlineData("job.a", 1)]
    [InlineData("job.b", 2)]
    public async Task LastPlaceIsAskedForTwiceAtOnce_SameIsOneAndAnotherIsOneTooMany(string second, int expectedDifferent)
    {
        var store = _server.Services.GetRequiredService<SubscriptionStore>();
        await using var connection = await _world.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var locking = new NpgsqlCommand("SELECT FROM topics FOR UPDATE", connection);
        await locking.ExecuteNonQueryAsync();
        Task<StoredSubscription?>[] both = [.. new[] { "job.a", second }.Select(binding => store.CreateAsync("t", Queue("q", binding), new SubscriptionLimits { MaxPerTopic = 1 }, "test", default))];
        await WaitingAsync(null, 2);
        await transaction.CommitAsync();

        var stored = await Task.WhenAll(both);

        Assert.Single(stored, one => one!.IsNew);
        Assert.Equal(expectedDifferent, stored.Select(one => one!.Subscription?.SubscriptionId).Distinct().Count());
        Assert.Equal(1, await _world.ScalarAsync<long>("SELECT count(*) FROM subscriptions"));
    }

    private static SubscriptionDocument Queue(string name, string binding) =>
        new() { Protocol = SubscriptionProtocol.Queue, Endpoint = name, Bindings = [binding] };

    private async Task<SubscriptionView> SubscribeAsync(SubscriptionDocument document) =>
        Assert.IsType<SubscribeResult.Created>(await _subscriptions.SubscribeAsync("t", document, "test", default)).Subscription;

    /// <summary>Waits until so many sessions of this database wait for a lock.</summary>
    private Task<long> WaitingAsync(string? lockType, long sessions) => Until.ReachedAsync(
        () => _world.ScalarAsync<long>(
            $"""
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND ({(lockType is null ? "NULL" : $"'{lockType}'")}::text IS NULL OR wait_event = {(lockType is null ? "NULL" : $"'{lockType}'")})
            """),
        waiting => waiting >= sessions,
        waiting => $"{waiting} of {sessions} wait");

    private async Task<bool> IsBoundAsync(string routingKey)
    {
        await using var channel = await _world.Client.CreateChannelAsync(new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        try
        {
            await channel.BasicPublishAsync("t", routingKey, mandatory: true, "x"u8.ToArray());
            return true;
        }
        catch (PublishException fault) when (fault.IsReturn)
        {
            return false;
        }
    }

    private async Task<bool> QueueExistsAsync(string queue)
    {
        await using var channel = await _world.Client.CreateChannelAsync();
        try
        {
            await channel.QueueDeclarePassiveAsync(queue);
            return true;
        }
        catch (OperationInterruptedException)
        {
            return false;
        }
    }
}
