using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Redelivery;
using BatchPlane.Server.Dispatch;
using Npgsql;
using static BatchPlane.Server.Tests.Dispatch.DispatchWorld;

namespace BatchPlane.Server.Tests.Dispatch;

/// <summary>What became of messages, and their second delivery.</summary>
public sealed class RedeliveryTests : IAsyncLifetime
{
    private const string Job = "job-aaaaaaaa";
    private static readonly DateTimeOffset Early = Now.AddDays(-1);

    private DispatchWorld _world = null!;
    private RedeliveryStore _store = null!;
    private DeliveryQueries _deliveries = null!;

    public async Task InitializeAsync()
    {
        _world = await DispatchWorld.CreateAsync();
        _store = new(_world.DataSource);
        _deliveries = new(_world.DataSource, new(_world.DataSource), new(_world.DataSource));
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task States_FollowTheEventFromPendingToConfirmed()
    {
        await _world.AddJobAsync(Job, Ask("bound", "TASK_INSTANCE_FAILED"), Ask("unbound", "JOB_RUNNING"));
        var inbox = await _world.BindAsync("bound");
        await _world.AppendAsync(Job, "task_instance", "FAILED", span: 3);
        await _world.ExecuteAsync("UPDATE events SET notify = 1");
        Assert.Equal("bound pending", await StatesAsync(2));
        var lag = await new DispatchQueries(_world.DataSource).LagAsync(100, 10, default);

        await StartAsync();
        await inbox.WhenAsync(3);
        await AppendForSecondBlockAsync();
        await Until.ReachedAsync(() => StatesAsync(4), states => states == "unbound unrouted 312 NO_ROUTE", states => states);

        Assert.Equal("bound confirmed", await StatesAsync(2));
        Assert.Null(await _deliveries.OfEventAsync(Job, 5, default, default));
        Assert.Equal((3, "bound 3"), (lag.PendingEvents, string.Join(';', lag.Topics.Select(topic => $"{topic.TopicName} {topic.PendingMessages}"))));
        Assert.True(lag.SecondsBehind > 0);
        Assert.Equal(0, (await new DispatchQueries(_world.DataSource).LagAsync(100, 10, default)).PendingEvents);
    }

    [Fact]
    public async Task UnroutedOfATopic_ArriveUnderTheirIdsAndAreNoExceptionsAnyMore()
    {
        await _world.AddJobAsync(Job, Ask("t", "TASK_INSTANCE_FAILED"));
        await _world.AppendAsync(Job, "task_instance", "FAILED", span: 5);
        await StartAsync();
        await ExceptionsAsync(5);
        var inbox = await _world.BindAsync("t");
        await _world.AppendAsync(Job, "task_instance", "FAILED", span: 2);
        await inbox.WhenAsync(2);

        var done = await DoneAsync(await WishAsync(new(null, "T", Early, null, "unrouted", "user:test")));

        Assert.Equal((5, 0, 0), (done.Sent, done.Unrouted, done.Failed));
        Assert.Equal(["6", "7", "1", "2", "3", "4", "5"], (await inbox.WhenAsync(7)).Select(message => $"{message.Sequence}"));
        Assert.Equal("t confirmed", await StatesAsync(5));
        await ExceptionsAsync(0);
    }

    [Fact]
    public async Task TopicMadeInAnotherSpelling_WhatWasNotedBeforeArrivesAndIsNoExceptionAnyMore()
    {
        await _world.AddJobAsync(Job, Ask("Later", "TASK_INSTANCE_FAILED"));
        await _world.AppendAsync(Job, "task_instance", "FAILED", span: 2);
        await _world.StartAsync(configure: Often, unknownTopic: UnknownTopicPolicy.Lenient);
        await ExceptionsAsync(2);
        await _world.Topics.EnsureAsync(["later"], "user:test", default);
        var inbox = await _world.BindAsync("later");
        await _world.ExecuteAsync($"UPDATE delivery_exceptions SET topic_name = 'LATER' WHERE sequence = 2");

        var done = await DoneAsync(await WishAsync(new(null, "LATER", Early, null, "failed", "user:test")));

        Assert.Equal((2, 0, 0), (done.Sent, done.Unrouted, done.Failed));
        Assert.Equal([1, 2], (await inbox.WhenAsync(2)).Select(message => message.Sequence));
        Assert.Equal("Later confirmed", await StatesAsync(1));
        await ExceptionsAsync(0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task PagesOfFewRows_EndAndNothingIsMissing(int pageSize)
    {
        await _world.AddJobAsync(Job, Ask("t", "TASK_INSTANCE_FAILED"), Ask("u", "TASK_INSTANCE_FAILED"));
        var inbox = await _world.BindAsync("t");
        foreach (var span in new[] { 1, 3, 1 })
        {
            await _world.AppendAsync(Job, "task_instance", "FAILED", span);
        }

        await _world.ExecuteAsync("UPDATE events SET notify = 3");
        await _world.StartAsync(configure: options =>
        {
            Often(options);
            options.PageSize = pageSize;
        });
        await inbox.WhenAsync(5);
        await ExceptionsAsync(5);
        inbox.Messages.Clear();

        var all = await DoneAsync(await WishAsync(new(null, "t", Early, null, null, "user:test")));
        var ofJob = await DoneAsync(await WishAsync(new(new(Job, 2, 5), "t", null, null, null, "user:test")));
        var unrouted = await DoneAsync(await WishAsync(new(null, "u", Early, null, "unrouted", "user:test")));

        Assert.Equal((5, 4, 5), (all.Sent, ofJob.Sent, unrouted.Sent));
        Assert.Equal([1, 2, 3, 4, 5, 2, 3, 4, 5], (await Until.ReachedAsync(() => Task.FromResult(inbox.Messages.ToArray()), got => got.Length == 9, got => $"{got.Length} messages")).Select(message => message.Sequence));
    }

    [Fact]
    public async Task SinceAndUntil_AreTheFirstIncludedAndTheSecondNot()
    {
        await _world.AddJobAsync(Job, Ask("t", "JOB_RUNNING"));
        var inbox = await _world.BindAsync("t");
        for (var number = 0; number < 4; number++)
        {
            await _world.AppendAsync(Job);
        }

        await _world.ExecuteAsync("UPDATE events SET occurred_at = occurred_at + make_interval(hours => sequence::integer)");
        await StartAsync();
        await inbox.WhenAsync(4);
        await CursorIsBehindAllAsync();
        inbox.Messages.Clear();

        var done = await DoneAsync(await WishAsync(new(null, "t", Now.AddHours(2), Now.AddHours(4), null, "user:test")));

        Assert.Equal(2, done.Sent);
        Assert.Equal([2, 3], (await inbox.WhenAsync(2)).Select(message => message.Sequence));
    }

    [Fact]
    public async Task OnlyUnroutedOfALongSpan_IsAskedAboutInPartsAndOnce()
    {
        const int Events = 500;
        await _world.AddJobAsync(Job, Ask("t", "TASK_INSTANCE_FAILED"));
        await _world.AppendAsync(Job, "task_instance", "FAILED", span: Events);
        await _world.ExecuteAsync("UPDATE dispatcher_shards SET epoch = 7, cursor_txid = (SELECT order_txid FROM events), cursor_event_no = (SELECT event_no FROM events)");
        await _world.ExecuteAsync($"""
            INSERT INTO delivery_exceptions (subject_id, sequence, topic_key, topic_name, state, reason, tries, last_tried_at)
            SELECT '{Job}', n, topic, topic, 'unrouted', '', 1, now() FROM generate_series(1, {Events}) AS n, unnest(ARRAY['t', 'u']) AS topic
            """);
        await WishAsync(new(null, "t", null, null, "unrouted", "user:test"));
        var work = (await _store.NextAsync(DispatcherShard.Of(Job), default))!;
        var rows = await _store.PageAsync(DispatcherShard.Of(Job), work, 10, default);
        var row = Assert.Single(rows);

        var first = await _store.ExceptionsAsync(work with { TopicKey = null }, rows, 101, default);
        var last = await _store.ExceptionsAsync(work with { Cursor = new(row.OrderTxId, row.EventNo, 450) }, rows, 100, default);

        // All messages of the last event are there.
        Assert.True(first.IsCut);
        Assert.Equal((102, 51), (first.Items.Count, first.Items[^1].Sequence));
        Assert.False(last.IsCut);
        Assert.Equal((50, 451), (last.Items.Count, last.Items[0].Sequence));
    }

    [Fact]
    public async Task DeletedJobs_ArePassedOverAndCounted()
    {
        const string Gone = "job-aaaaaaae";
        await _world.AddJobAsync(Job, Ask("t", "TASK_INSTANCE_FAILED"));
        await _world.AddJobAsync(Gone, Ask("t", "TASK_INSTANCE_FAILED"));
        await _world.AppendAsync(Gone, "task_instance", "FAILED", span: 100_000);
        await _world.AppendAsync(Job, "task_instance", "FAILED", span: 2);
        await _world.ExecuteAsync($"DELETE FROM jobs WHERE job_id = '{Gone}'; UPDATE events SET shard = 0");
        var inbox = await _world.BindAsync("t");
        await StartAsync();
        await inbox.WhenAsync(2);
        await Until.ReachedAsync(() => StatesAsync(2), states => states == "t confirmed", states => states);

        var done = await DoneAsync(await WishAsync(new(null, "t", Early, null, null, "user:test")));

        Assert.Equal((2, 100_000), (done.Sent, done.Skipped));
    }

    [Fact]
    public async Task BlockOfManyTopics_EachGetsAllInOrderAndIsAccountedForAlone()
    {
        const int Topics = 100;
        string[] topics = [.. Enumerable.Range(0, Topics).Select(number => $"t{number}")];
        await _world.AddJobAsync(Job, new NotificationDocument { TopicNames = topics, EventConfigs = [new() { EventName = "TASK_INSTANCE_FAILED" }] });
        var inbox = await _world.BindAsync("t99");
        await _world.AppendAsync(Job, "task_instance", "FAILED", span: 3);
        var lag = await new DispatchQueries(_world.DataSource).LagAsync(100, Topics, default);
        await StartAsync();
        var messages = await inbox.WhenAsync(3);
        await ExceptionsAsync((Topics - 1) * 3);
        var states = (await StatesAsync(2)).Split(';');
        var late = await _world.BindAsync("t7");

        var done = await DoneAsync(await WishAsync(new(new(Job, 1, 3), null, null, null, "unrouted", "user:test")));

        Assert.Equal([1L, 2, 3], messages.Select(message => message.Sequence));
        Assert.Equal([.. topics.Select(topic => topic == "t99" ? "t99 confirmed" : $"{topic} unrouted 312 NO_ROUTE")], states);
        Assert.Equal((Topics, 3), (lag.Topics.Count, lag.Topics.Select(topic => topic.PendingMessages).Distinct().Single()));
        Assert.Equal(((Topics - 1) * 3, (Topics - 2) * 3), (done.Sent, done.Unrouted));
        Assert.Equal([1L, 2, 3], (await late.WhenAsync(3)).Select(message => message.Sequence));
        Assert.Equal(3, inbox.Messages.Count);
        Assert.Contains("t7 confirmed", (await StatesAsync(3)).Split(';'));
        await ExceptionsAsync((Topics - 2) * 3);
    }

    [Fact]
    public async Task RangeOfAJob_OnlyThatArrivesAgain()
    {
        await _world.AddJobAsync(Job, Ask("t", "TASK_INSTANCE_FAILED", "JOB_RUNNING"), Ask("other", "TASK_INSTANCE_FAILED"));
        var inbox = await _world.BindAsync("t");
        await _world.AppendAsync(Job);
        await _world.AppendAsync(Job, "task_instance", "FAILED", span: 6);
        await StartAsync();
        await inbox.WhenAsync(7);
        // What lies before the cursor is delivered again.
        await Until.ReachedAsync(() => StatesAsync(7), states => states == "t confirmed", states => states);

        var done = await DoneAsync(await WishAsync(new(new(Job, 3, 5), "t", null, null, null, "user:test")));
        var again = (await Until.ReachedAsync(() => Task.FromResult(inbox.Messages.ToArray()), all => all.Length == 10, all => $"{all.Length} messages"))[7..];

        Assert.Equal(3, done.Sent);
        Assert.Equal(["job-aaaaaaaa:3", "job-aaaaaaaa:4", "job-aaaaaaaa:5"], again.Select(message => message.Id));
        Assert.All(again, message => Assert.InRange(long.Parse(message.Header("x-batchplane-redelivered-at")!), 1, long.MaxValue));
    }

    [Fact]
    public async Task BrokerGoesAwayAndTheDispatcherDies_AnotherGoesOnAndNothingIsMissing()
    {
        const int Events = 3_000;
        await _world.AddJobAsync(Job, Ask("t", "TASK_INSTANCE_FAILED"));
        var inbox = await _world.BindAsync("t");
        await _world.AppendAsync(Job, "task_instance", "FAILED", span: Events);
        var (gate, address) = _world.GateToBroker();
        var first = await _world.StartAsync(address, configure: Often);
        await inbox.WhenAsync(Events);
        await Until.ReachedAsync(() => StatesAsync(Events), states => states == "t confirmed", states => states);
        inbox.Messages.Clear();

        var wish = await WishAsync(new(null, "t", null, null, null, "user:test"));
        await inbox.WhenAsync(50);
        await gate.ShutAsync();
        await first.StopAsync();
        var between = (await _store.FindAsync(wish, default))!;
        await StartAsync();
        var done = await DoneAsync(wish);

        Assert.Equal("running", between.State);
        Assert.Equal(Events, done.Sent);
        Assert.Equal(Events, (await inbox.WhenAsync(Events)).Select(message => message.Id).Distinct().Count());
    }

    [Fact]
    public async Task Cancelled_NothingIsStoredAnyMore_NorUnderAnEndedEpoch()
    {
        await _world.AddJobAsync(Job, Ask("t", "TASK_INSTANCE_FAILED"));
        await _world.AppendAsync(Job, "task_instance", "FAILED", span: 3);
        var shard = DispatcherShard.Of(Job);
        await _world.ExecuteAsync("UPDATE dispatcher_shards SET epoch = 7, cursor_txid = (SELECT order_txid FROM events), cursor_event_no = (SELECT event_no FROM events)");
        await WishAsync(new(new(Job, 1, 3), null, null, null, null, "user:test"));
        var work = (await _store.NextAsync(shard, default))!;
        var row = Assert.Single(await _store.PageAsync(shard, work, 10, default));
        var step = new RedeliveryStep(new(row.OrderTxId, row.EventNo, 1), [MessageKey.Of(Job, 1, "t")], [], 0, [], 0, IsDone: false);

        Assert.False(await _store.MoveAsync(work, shard, 6, step, default));
        Assert.True(await _store.MoveAsync(work, shard, 7, step, default));
        Assert.Equal(1, (await _store.FindAsync(work.RedeliveryId, default))!.Sent);

        Assert.Equal("cancelled", (await _store.CancelAsync(work.RedeliveryId, default))!.State);
        Assert.False(await _store.MoveAsync(work, shard, 7, step, default));
        Assert.Null(await _store.NextAsync(shard, default));
        Assert.Equal(1, (await _store.FindAsync(work.RedeliveryId, default))!.Sent);
    }

    [Fact]
    public async Task AlibabaBlock_SubscriptionsAreFoundByItsOwnWords()
    {
        await _world.AddJobAsync(Job, Ask("t", "OnJobWaiting"));
        await _world.Topics.CreateAsync("t", "test", default);
        await _world.ExecuteAsync("""
            INSERT INTO subscriptions (subscription_id, topic_key, protocol, endpoint, bindings, enabled, asked_txids, asked_event_nos, bound_txid, format, created_by, created_at, updated_at)
            VALUES ('subsc-waiting0', 't', 'queue', 'w', '{job.waiting}', true, '{0,0,0,0}', '{0,0,0,0}', '0', 'published', 'test', now(), now()), ('subsc-runnable', 't', 'queue', 'r', '{job.runnable}', true, '{0,0,0,0}', '{0,0,0,0}', '0', 'published', 'test', now(), now())
            """);
        await _world.AppendAsync(Job, state: "RUNNABLE");

        var delivery = Assert.Single((await _deliveries.OfEventAsync(Job, 1, default, default))!.Deliveries);

        Assert.Equal(["subsc-waiting0"], delivery.Subscriptions!.Select(subscription => subscription.SubscriptionId));
    }

    private static void Often(DispatchOptions options)
    {
        options.RedeliveryInterval = TimeSpan.FromMilliseconds(20);
        options.PageSize = 200;
        options.MaxInFlight = 50;
        options.StopTimeout = TimeSpan.FromMilliseconds(100);
    }

    private Task<RunningDispatcher> StartAsync() => _world.StartAsync(configure: Often);

    private async Task<string> WishAsync(RedeliveryWish wish) =>
        Assert.IsType<RedeliveryOutcome.Accepted>(await _store.CreateAsync(wish, null, 10, default)).View.RedeliveryId;

    private Task<RedeliveryView> DoneAsync(string id) => Until.ReachedAsync(
        async () => (await _store.FindAsync(id, default))!,
        view => view.State == "done",
        view => $"{view.State}, {view.Sent} sent");

    /// <summary>In one transaction: the dispatcher runs.</summary>
    private async Task AppendForSecondBlockAsync()
    {
        await using var connection = await _world.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await DispatchWorld.AppendAsync(connection, Job);
        await using var update = new NpgsqlCommand("UPDATE events SET notify = 2 WHERE level = 'job'", connection, transaction);
        await update.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
    }

    /// <summary>A redelivery ends at the cursor, which is moved a little after the last message.</summary>
    private Task<long> CursorIsBehindAllAsync() => Until.ReachedAsync(
        async () => (await new DispatchQueries(_world.DataSource).LagAsync(100, 10, default)).PendingEvents,
        pending => pending == 0,
        pending => $"{pending} events pending");

    private Task<long> ExceptionsAsync(int count) => Until.ReachedAsync(
        () => _world.ScalarAsync<long>("SELECT count(*) FROM delivery_exceptions"),
        found => found == count,
        found => $"{found} of {count} exceptions");

    private async Task<string> StatesAsync(long sequence) => string.Join(
        ';',
        (await _deliveries.OfEventAsync(Job, sequence, default, default))!.Deliveries.Select(delivery => $"{delivery.TopicName} {delivery.State} {delivery.Reason}".TrimEnd()));
}
