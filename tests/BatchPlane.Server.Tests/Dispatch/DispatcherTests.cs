using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;
using static BatchPlane.Server.Tests.Dispatch.DispatchWorld;

namespace BatchPlane.Server.Tests.Dispatch;

public sealed class DispatcherTests : IAsyncLifetime
{
    private DispatchWorld _world = null!;

    public async Task InitializeAsync() => _world = await DispatchWorld.CreateAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task JobFails_PlainClientGetsExactBodyAndProperties()
    {
        var inbox = await _world.BindAsync("job-message", "job.*");
        await _world.AddJobAsync("job-aaaaaaaa", new NotificationDocument
        {
            TopicName = "job-message",
            EventConfigs = [new() { EventName = "JOB_FAILED", EventVars = [new("who", "Jürgen")] }],
        });
        await _world.AppendAsync("job-aaaaaaaa", state: "FAILED", reason: "task t1 failed");

        await _world.StartAsync();
        var message = Assert.Single(await inbox.WhenAsync(1));

        Assert.Equal(
            """{"Events":[{"EventVersion":"1.0","EventTime":"2025-10-09T08:53:20Z","Region":"ap-local","Batch":{"JobId":"job-aaaaaaaa","JobName":"demo","JobState":"FAILED","Priority":1,"CreateTime":"2025-10-09T08:52:20Z","EndTime":"2025-10-09T08:53:20Z","StateReason":"task t1 failed"},"EventName":"JOB_FAILED","EventVars":[{"Name":"who","Value":"Jürgen"}]}]}""",
            message.Text);
        var properties = message.Properties;
        Assert.Equal(("job-message", "job.failed"), (message.Exchange, message.RoutingKey));
        Assert.Equal("job-aaaaaaaa:1", properties.MessageId);
        Assert.Equal("JOB_FAILED", properties.Type);
        Assert.Equal("application/json", properties.ContentType);
        Assert.Equal("batchplane", properties.AppId);
        Assert.Equal("job-aaaaaaaa", properties.CorrelationId);
        Assert.Equal(Now.ToUnixTimeSeconds(), properties.Timestamp.UnixTime);
        Assert.True(properties.Persistent);
        Assert.Equal(1L, properties.Headers!["x-batchplane-sequence"]);
        Assert.Equal(
            [
                "cloudEvents_datacontenttype=application/json",
                "cloudEvents_id=job-aaaaaaaa:1",
                "cloudEvents_source=urn:batchplane:ap-local",
                "cloudEvents_specversion=1.0",
                "cloudEvents_subject=job-aaaaaaaa",
                "cloudEvents_time=2025-10-09T08:53:20.000Z",
                "cloudEvents_type=JOB_FAILED",
                "traceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "x-batchplane-sequence=1",
            ],
            properties.Headers.Keys.Order(StringComparer.Ordinal).Select(name => $"{name}={message.Header(name)}"));
    }

    [Fact]
    public async Task TopicWithALimitOfItsOwn_GetsAShorterBodyThanTheOthersOfItsBlock()
    {
        const int Limit = 1_024;
        var reason = new string('x', 2_000);
        await _world.Topics.CreateAsync("large", "test", default);
        await _world.Topics.CreateAsync("Small", "test", [], $$"""{"MaxMsgSize":{{Limit}}}""", default);
        await _world.Topics.CreateAsync("other", "test", default);
        await _world.AddJobAsync("job-aaaaaaaa", new NotificationDocument { TopicNames = ["large", "small", "other"], EventConfigs = [new() { EventName = "JOB_FAILED" }] });
        await _world.AddJobAsync("job-bbbbbbbb", new NotificationDocument { TopicName = "small", EventConfigs = [new() { EventName = "JOB_FAILED", EventVars = [new("v", reason)] }] });
        var (large, small, other) = (await _world.BindAsync("large"), await _world.BindAsync("Small"), await _world.BindAsync("other"));
        await _world.AppendAsync("job-aaaaaaaa", state: "FAILED", reason: reason);
        await _world.AppendAsync("job-bbbbbbbb", state: "FAILED");

        await _world.StartAsync();

        var shortened = (await small.WhenAsync(1))[0];
        Assert.Equal(Limit, shortened.Body.Length);
        Assert.Contains("xxx\"},\"EventName\"", shortened.Text, StringComparison.Ordinal);
        Assert.All([(await large.WhenAsync(1))[0], (await other.WhenAsync(1))[0]], message => Assert.Contains(reason, message.Text, StringComparison.Ordinal));
        await Until.ReachedAsync(() => _world.ScalarAsync<long>("SELECT count(*) FROM delivery_exceptions"), count => count == 1, count => $"{count} exceptions");
        Assert.Matches("^The message has [0-9]+ bytes; the limit is 1024[.]$", await _world.ScalarAsync<string>("SELECT reason FROM delivery_exceptions WHERE subject_id = 'job-bbbbbbbb' AND state = 'failed'"));
    }

    [Fact]
    public async Task OverlappingWriters_EachJobsEventsArriveCompleteAndInOrder()
    {
        const int Jobs = 6;
        const int RowsOfAWriter = 150;
        const int Writers = 4;
        var inbox = await _world.BindAsync("t");
        string[] jobs = [.. Enumerable.Range(0, Jobs).Select(n => $"job-0000000{n}")];
        foreach (var job in jobs)
        {
            await _world.AddJobAsync(job, Ask("t", "JOB_RUNNING"));
        }

        await _world.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => WriteAsync(writer, jobs, RowsOfAWriter)));
        var messages = await inbox.WhenAsync(Writers * RowsOfAWriter);

        foreach (var ofJob in messages.GroupBy(message => message.SubjectId))
        {
            Assert.Equal(Enumerable.Range(1, ofJob.Count()).Select(n => (long)n), ofJob.Select(message => message.Sequence));
        }
    }

    [Fact]
    public async Task BrokerGoesAwayAndReturns_NothingIsMissingAndRepeatsHaveEqualIds()
    {
        const int Before = 300;
        const int Events = 3_000;
        var (gate, address) = _world.GateToBroker();
        var inbox = await _world.BindAsync("t");
        await _world.AddJobAsync("job-aaaaaaaa", Ask("t", "TASK_INSTANCE_FAILED"));
        await _world.StartAsync(address);
        await _world.AppendAsync("job-aaaaaaaa", "task_instance", "FAILED", Before);
        await inbox.WhenAsync(Before);

        await _world.AppendAsync("job-aaaaaaaa", "task_instance", "FAILED", Events - Before);
        await gate.ShutAsync();
        await _world.AppendAsync("job-aaaaaaaa", "task_instance", "FAILED", Events);
        gate.Open();
        var messages = await inbox.WhenAsync(2 * Events);

        var first = messages.DistinctBy(message => message.Id).ToArray();
        Assert.Equal(Enumerable.Range(1, 2 * Events).Select(n => (long)n), first.Select(message => message.Sequence));
        Assert.All(messages.GroupBy(message => message.Id), copies => Assert.Single(copies.Select(copy => copy.Text).Distinct()));
    }

    [Fact]
    public async Task ConnectionBreaksInTheMiddleOfASend_EventsGoOnOverTheNext()
    {
        const int Events = 20_000;
        var (gate, address) = _world.GateToBroker();
        var inbox = await _world.BindAsync("t");
        await _world.AddJobAsync("job-aaaaaaaa", Ask("t", "TASK_INSTANCE_FAILED"));
        // Longer than the test waits: nothing here may end by running out of patience.
        await _world.StartAsync(address, configure: options => options.MaxInFlight = Events, brokerPatience: TimeSpan.FromMinutes(10));
        await _world.AppendAsync("job-aaaaaaaa", "task_instance", "FAILED", 1);
        await inbox.WhenAsync(1);

        // More than the sockets between here and the broker hold.
        gate.Clog();
        await _world.AppendAsync("job-aaaaaaaa", "task_instance", "FAILED", Events, reason: new string('x', 2_000));
        await gate.WhenFullAsync();
        await gate.ShutAsync();
        gate.Open();

        await inbox.WhenAsync(1 + Events);
    }

    [Fact]
    public async Task NobodyIsBound_MessageIsNotedAsUnroutedAndTheCursorMovesOn()
    {
        var inbox = await _world.BindAsync("bound");
        await _world.AddJobAsync("job-aaaaaaaa", Ask("unbound", "JOB_RUNNING"));
        await _world.AddJobAsync("job-aaaaaaab", Ask("bound", "JOB_RUNNING"));
        await _world.AppendAsync("job-aaaaaaaa");
        await _world.AppendAsync("job-aaaaaaab");

        await _world.StartAsync();
        await inbox.WhenAsync(1);
        var noted = await Until.ReachedAsync(
            () => _world.ScalarAsync<string>("SELECT coalesce(string_agg(concat_ws(' ', subject_id, sequence, topic_name, state, reason, tries), ';'), '') FROM delivery_exceptions"),
            text => text.Length > 0,
            text => text);

        Assert.Equal("job-aaaaaaaa 1 unbound unrouted 312 NO_ROUTE 1", noted);
    }

    [Fact]
    public async Task TopicIsMissingAndMayBe_MessageIsNotedAsFailed()
    {
        await _world.AddJobAsync("job-aaaaaaaa", Ask("nowhere", "JOB_RUNNING"));
        await _world.AppendAsync("job-aaaaaaaa");

        await _world.StartAsync(unknownTopic: UnknownTopicPolicy.Lenient);
        var noted = await Until.ReachedAsync(
            () => _world.ScalarAsync<string>("SELECT coalesce(string_agg(concat_ws(' ', sequence, topic_name, state, reason), ';'), '') FROM delivery_exceptions"),
            text => text.Length > 0,
            text => text);

        Assert.Equal("1 nowhere failed There is no topic 'nowhere'.", noted);
    }

    [Fact]
    public async Task RowWithSpan_ContinuesInTheMiddleOfIt()
    {
        var inbox = await _world.BindAsync("t");
        await _world.AddJobAsync("job-aaaaaaaa", Ask("t", "TASK_INSTANCE_FAILED"));
        await _world.AppendAsync("job-aaaaaaaa", "task_instance", "FAILED", 10);
        await _world.AppendAsync("job-aaaaaaaa", "task_instance", "FAILED", 2);
        await _world.ExecuteAsync("UPDATE dispatcher_shards SET cursor_offset = 4");

        await _world.StartAsync();
        var messages = await inbox.WhenAsync(8);

        Assert.Equal([5, 6, 7, 8, 9, 10, 11, 12], messages.Select(message => message.Sequence));
        Assert.Contains("\"TaskInstanceIndex\":4,", messages[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LongSpan_MovesTheCursorWithinIt()
    {
        await _world.BindAsync("t");
        await _world.AddJobAsync("job-aaaaaaaa", Ask("t", "TASK_INSTANCE_FAILED"));
        await _world.AppendAsync("job-aaaaaaaa", "task_instance", "FAILED", 30_000);

        await _world.StartAsync(configure: options => (options.PageSize, options.MaxInFlight) = (10, 20));

        await Until.ReachedAsync(
            () => _world.ScalarAsync<int>("SELECT max(cursor_offset) FROM dispatcher_shards"),
            offset => offset > 0,
            offset => $"the cursor is at {offset} of the row");
    }

    [Fact]
    public async Task ExchangeIsDeleted_IsDeclaredAgainAndTheRestArrives()
    {
        await _world.AddJobAsync("job-aaaaaaaa", Ask("t", "JOB_RUNNING"));
        var before = await _world.BindAsync("t");
        await _world.StartAsync();
        await _world.AppendAsync("job-aaaaaaaa");
        await before.WhenAsync(1);

        await using (var channel = await _world.Client.CreateChannelAsync())
        {
            await channel.ExchangeDeleteAsync("t");
        }

        await _world.AppendAsync("job-aaaaaaaa");
        await Until.ReachedAsync(
            () => _world.ScalarAsync<long>("SELECT count(*) FROM delivery_exceptions WHERE sequence = 2 AND state = 'unrouted'"),
            count => count == 1,
            count => $"{count} noted");
        var after = await _world.BindAsync("t");
        await _world.AppendAsync("job-aaaaaaaa");

        Assert.Equal([3], (await after.WhenAsync(1)).Select(message => message.Sequence));
    }

    [Fact]
    public async Task QueueRefusesForGood_MessageIsNotedAsFailedAndOthersArrive()
    {
        await _world.AddJobAsync("job-aaaaaaaa", Ask("full", "JOB_RUNNING"), Ask("free", "JOB_RUNNING"));
        await _world.BindTinyAsync("full");
        var free = await _world.BindAsync("free");
        for (var n = 0; n < 3; n++)
        {
            await _world.AppendAsync("job-aaaaaaaa");
        }

        await _world.ExecuteAsync("UPDATE events SET notify = 3");

        await _world.StartAsync(configure: options => options.RefusedFor = TimeSpan.FromMilliseconds(300));
        await free.WhenAsync(3);
        await Until.ReachedAsync(
            () => _world.ScalarAsync<long>("SELECT count(*) FROM delivery_exceptions WHERE topic_name = 'full' AND state = 'failed'"),
            count => count >= 2,
            count => $"{count} noted");
        await CursorReachesTheEndAsync("job-aaaaaaaa");
    }

    [Fact]
    public async Task QueueRefusesForAWhile_NothingIsGivenUp()
    {
        const int Tries = 4;
        await _world.AddJobAsync("job-aaaaaaaa", Ask("full", "JOB_RUNNING"));
        var full = await _world.BindTinyAsync("full");
        for (var n = 0; n < 3; n++)
        {
            await _world.AppendAsync("job-aaaaaaaa");
        }

        var dispatcher = await _world.StartAsync(configure: options => options.MaxRefusals = 1);
        var faults = dispatcher.Count("batchplane.dispatch.faults");
        await Until.ReachedAsync(() => Task.FromResult(faults()), found => found > Tries, found => $"{found} faults");
        var emptied = await _world.ConsumeAsync(full);

        Assert.Equal(3, (await emptied.WhenAsync(3)).Select(message => message.Id).Distinct().Count());
        await CursorReachesTheEndAsync("job-aaaaaaaa");
        Assert.Equal(0L, await _world.ScalarAsync<long>("SELECT count(*) FROM delivery_exceptions"));
    }

    [Fact]
    public async Task TwoDispatchersAndOneDies_ShardsMoveAndNothingIsMissing()
    {
        var inbox = await _world.BindAsync("t");
        string[] jobs = [.. Enumerable.Range(0, 8).Select(n => $"job-0000000{n}")];
        foreach (var job in jobs)
        {
            await _world.AddJobAsync(job, Ask("t", "JOB_RUNNING"));
        }

        var (databaseGate, dataSource) = _world.GateToDatabase();
        var (brokerGate, address) = _world.GateToBroker();
        var dying = await _world.StartAsync(address, dataSource);
        await HoldAsync(dying, 4);
        var staying = await _world.StartAsync();
        await HoldAsync(dying, 2);
        await HoldAsync(staying, 2);

        await WriteAsync(0, jobs, 200);
        await databaseGate.ShutAsync();
        await brokerGate.ShutAsync();
        await WriteAsync(1, jobs, 200);
        var messages = await inbox.WhenAsync(400);

        await HoldAsync(staying, 4);
        foreach (var ofJob in messages.DistinctBy(message => message.Id).GroupBy(message => message.SubjectId))
        {
            Assert.Equal(Enumerable.Range(1, ofJob.Count()).Select(n => (long)n), ofJob.Select(message => message.Sequence));
        }

        // What was cut off comes back: it must notice that its shards are gone, and they are shared again.
        databaseGate.Open();
        brokerGate.Open();
        await HoldAsync(dying, 2);
        await HoldAsync(staying, 2);
        await WriteAsync(2, jobs, 100);
        await inbox.WhenAsync(500);
    }

    [Fact]
    public async Task ShardsAreGivenUpWhileTheBrokerHangs_TheOthersStay()
    {
        var (gate, address) = _world.GateToBroker();
        var first = await _world.StartAsync(address, configure: options => options.StopTimeout = TimeSpan.FromSeconds(30));
        var inbox = await _world.BindAsync("t");
        string[] jobs = [.. Enumerable.Range(0, 8).Select(n => $"job-0000000{n}")];
        foreach (var job in jobs)
        {
            await _world.AddJobAsync(job, Ask("t", "JOB_RUNNING"));
        }

        await WriteAsync(0, jobs, 8);
        await inbox.WhenAsync(8);
        gate.Clog();
        await WriteAsync(1, jobs, 8);
        var second = await _world.StartAsync();
        await Task.WhenAll(HoldAsync(first, 2), HoldAsync(second, 2));
        var epochs = await _world.ScalarAsync<long>("SELECT sum(epoch)::bigint FROM dispatcher_shards WHERE lease_until > clock_timestamp()");
        await gate.ShutAsync();

        // Each was taken once, and two of them once more.
        Assert.Equal(6, epochs);
    }

    [Fact]
    public async Task AnswerOfAMoveIsLost_TheShardGoesOnUnderItsLease()
    {
        const string Job = "job-aaaaaaaa";
        var (gate, address) = _world.GateToBroker();
        await _world.AddJobAsync(Job, Ask("t", "JOB_RUNNING"));
        var inbox = await _world.BindAsync("t");
        await _world.StartAsync(address, configure: options => options.PageSize = 1);
        await _world.AppendAsync(Job);
        await inbox.WhenAsync(1);
        await CursorReachesTheEndAsync(Job);

        // The cursor lies further than the dispatcher knows, as after a commit without an answer.
        await gate.ShutAsync();
        for (var n = 0; n < 3; n++)
        {
            await _world.AppendAsync(Job);
        }

        await _world.ExecuteAsync($"UPDATE dispatcher_shards AS s SET cursor_txid = e.order_txid, cursor_event_no = e.event_no FROM events AS e WHERE e.sequence = 3 AND e.shard = s.shard");
        gate.Open();
        await inbox.WhenAsync(4);
        await CursorReachesTheEndAsync(Job);

        Assert.Equal(1, await _world.ScalarAsync<long>($"SELECT epoch FROM dispatcher_shards WHERE shard = {DispatcherShard.Of(Job)}"));
    }

    [Fact]
    public async Task OldEpoch_CannotMoveTheCursor()
    {
        var leases = new ShardLeases(_world.DataSource);
        await leases.RenewAsync("old", [], TimeSpan.FromMilliseconds(1), default);
        var old = (await leases.ClaimAsync("old", 1, TimeSpan.FromMilliseconds(1), default)).Single();
        var current = await Until.ReachedAsync(
            () => leases.ClaimAsync("new", 4, TimeSpan.FromMinutes(1), default),
            claimed => claimed.Any(lease => lease.Shard == old.Shard),
            claimed => $"claimed {claimed.Count}");

        var zombie = await _world.Reader.MoveAsync(
            old.Shard,
            old.Epoch,
            new(900, 9, 0),
            [new("job-aaaaaaaa", 1, "t", DeliveryOutcome.Unrouted, "")],
            default);
        var renewed = await leases.RenewAsync("old", [old], TimeSpan.FromMinutes(1), default);
        var holder = await _world.Reader.MoveAsync(old.Shard, current.Single(lease => lease.Shard == old.Shard).Epoch, new(5, 1, 0), [], default);

        var again = await _world.Reader.MoveAsync(old.Shard, current.Single(lease => lease.Shard == old.Shard).Epoch, new(4, 9, 3), [], default);

        Assert.Null(zombie);
        Assert.Empty(renewed.Renewed);
        Assert.Equal(new OutboxPosition(5, 1, 0), holder);
        Assert.Equal(holder, again);
        Assert.Equal(0L, await _world.ScalarAsync<long>("SELECT count(*) FROM delivery_exceptions"));
    }

    [Fact]
    public async Task Stop_MovesTheCursorAndGivesShardsBack()
    {
        var inbox = await _world.BindAsync("t");
        await _world.AddJobAsync("job-aaaaaaaa", Ask("t", "TASK_INSTANCE_FAILED"));
        var dispatcher = await _world.StartAsync();
        await _world.AppendAsync("job-aaaaaaaa", "task_instance", "FAILED", 2_000);
        await inbox.WhenAsync(1);

        await dispatcher.StopAsync();
        var held = await _world.ScalarAsync<long>("SELECT count(*) FROM dispatcher_shards WHERE holder IS NOT NULL");
        await _world.StartAsync();
        var messages = await inbox.WhenAsync(2_000);

        Assert.Equal(0, held);
        Assert.Equal(2_000, messages.Length);
    }

    private static async Task HoldAsync(RunningDispatcher dispatcher, int shards) => await Until.ReachedAsync(
        () => Task.FromResult(dispatcher.Loop.Held),
        held => held == shards,
        held => $"holds {held} of {shards}");

    private async Task CursorReachesTheEndAsync(string jobId) => await Until.ReachedAsync(
        () => _world.ScalarAsync<long>(
            $"""
            SELECT count(*) FROM events JOIN dispatcher_shards USING (shard)
            WHERE subject_id = '{jobId}' AND (order_txid, event_no) > (cursor_txid, cursor_event_no)
            """),
        pending => pending == 0,
        pending => $"{pending} pending");

    /// <summary>One writer: transactions that touch several jobs, one after the other, with others in between.</summary>
    private async Task WriteAsync(int writer, string[] jobs, int rows)
    {
        await using var connection = await _world.DataSource.OpenConnectionAsync();
        for (var row = 0; row < rows;)
        {
            // Each transaction takes its id first and the jobs in their order, so ids and locks disagree but no circle forms.
            await using var transaction = await connection.BeginTransactionAsync();
            foreach (var job in jobs.Where((_, index) => (index + writer + row) % 2 == 0))
            {
                if (row++ < rows)
                {
                    await AppendAsync(connection, job);
                }
            }

            await transaction.CommitAsync();
        }
    }
}
