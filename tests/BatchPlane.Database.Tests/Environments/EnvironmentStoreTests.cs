using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;

namespace BatchPlane.Database.Tests.Environments;

public sealed class EnvironmentStoreTests : IAsyncLifetime
{
    private Installation _installation = null!;

    private EnvironmentStore Environments => _installation.Environments;

    public async Task InitializeAsync() => _installation = await Installation.CreateAsync();

    public async Task DisposeAsync()
    {
        try
        {
            await _installation.AssertInvariantsAsync();
        }
        finally
        {
            await _installation.DisposeAsync();
        }
    }

    [Fact]
    public async Task NewEnvironment_IsCreatedAndFound()
    {
        var envId = await _installation.AddEnvironmentAsync("grid");

        Assert.Equal(envId, await Environments.FindAsync("grid", CancellationToken.None));
        Assert.Equal(envId, await Environments.FindAsync(envId, CancellationToken.None));
        Assert.Null(await Environments.FindAsync("other", CancellationToken.None));
        Assert.Null(await Environments.FindAsync(null, CancellationToken.None));
        Assert.Equal(["1 CREATING", "2 CREATED"], await JournalAsync(envId));
    }

    [Fact]
    public async Task OtherTags_AreWhatFiltersByLabelLookAtFromThenOn()
    {
        NotificationDocument notification = new()
        {
            TopicName = "t",
            EventConfigs = [new() { EventName = "COMPUTE_NODE_RUNNING" }],
            Filter = new() { Labels = [new("team", "a")] },
        };
        var envId = Assert.IsType<CreateEnvironmentOutcome.Created>(await Environments.CreateAsync(
            new() { EnvName = "grid", Provider = NodeProvider.Attached, Notifications = [notification], Tags = [new("team", "b")] }, false, Installation.Submitter, null, CancellationToken.None)).EnvId;
        foreach (var tags in new IReadOnlyList<TagDocument>?[] { null, [new("team", "a")], [] })
        {
            await Environments.ChangeWishesAsync(envId, new() { Tags = tags, EnvDescription = "again" }, CancellationToken.None);
            await _installation.AddNodeAsync(envId);
        }

        Assert.Equal(["0", "1", "0"], await _installation.RowsAsync("SELECT notify FROM events WHERE level = 'compute_node' AND state = 'RUNNING' ORDER BY sequence"));
    }

    [Fact]
    public async Task NameOfAnother_IsTakenUntilThatIsDeleted()
    {
        var envId = await _installation.AddEnvironmentAsync("grid");
        Assert.IsType<CreateEnvironmentOutcome.NameTaken>(await CreateAsync("grid"));

        Assert.Equal(new DeleteEnvironmentOutcome.Accepted(EnvironmentState.Deleted, WasAsked: false), await DeleteAsync(envId));

        Assert.NotEqual(envId, Assert.IsType<CreateEnvironmentOutcome.Created>(await CreateAsync("grid")).EnvId);
        Assert.Equal(["1 CREATING", "2 CREATED", "3 DELETING", "4 DELETED"], await JournalAsync(envId));
    }

    [Fact]
    public async Task NameWantedByManyAtOnce_GoesToOne()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => CreateAsync("grid"))));

        Assert.Single(outcomes.OfType<CreateEnvironmentOutcome.Created>());
        Assert.Equal(1, await _installation.CountAsync("environments"));
    }

    [Fact]
    public async Task SameKeyAtOnce_MakesOneEnvironment()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => CreateAsync("grid", "key-1"))));

        Assert.IsType<CreateEnvironmentOutcome.Created>(Assert.Single(outcomes.Distinct()));
        Assert.IsType<CreateEnvironmentOutcome.KeyReused>(await CreateAsync("other", "key-1", "another body"));
    }

    [Fact]
    public async Task KeyOfARefusedCreate_StaysFree()
    {
        await _installation.AddEnvironmentAsync("grid");

        Assert.IsType<CreateEnvironmentOutcome.NameTaken>(await CreateAsync("grid", "key-1"));
        Assert.IsType<CreateEnvironmentOutcome.Created>(await CreateAsync("other", "key-1", "another body"));
    }

    [Fact]
    public async Task DeletingTheDefault_IsRefused()
    {
        var envId = await _installation.AddEnvironmentAsync("default", isDefault: true);

        Assert.Equal(new DeleteEnvironmentOutcome.IsDefault(), await DeleteAsync(envId));
        Assert.Equal(envId, await Environments.FindAsync(null, CancellationToken.None));
    }

    [Fact]
    public async Task SecondDefault_IsRefused()
    {
        var envId = await _installation.AddEnvironmentAsync("first", isDefault: true);

        Assert.IsType<CreateEnvironmentOutcome.NameTaken>(
            await Environments.CreateAsync(new() { EnvName = "second" }, isDefault: true, Installation.Submitter, null, CancellationToken.None));
        Assert.Equal(envId, await Environments.FindAsync(null, CancellationToken.None));
    }

    [Fact]
    public async Task EnvironmentThatTasksNeed_IsNotDeleted()
    {
        var server = await _installation.StartServerAsync();
        var envId = await _installation.AddEnvironmentAsync();
        var jobId = await server.SubmittedAsync(Given.Job(Given.Task(envId, name: "a"), Given.Task(envId, name: "b")));

        Assert.Equal(new DeleteEnvironmentOutcome.InUse(2), await DeleteAsync(envId));
        await server.TerminateAsync(jobId);

        Assert.Equal(new DeleteEnvironmentOutcome.Accepted(EnvironmentState.Deleted, WasAsked: false), await DeleteAsync(envId));
        Assert.Equal(new DeleteEnvironmentOutcome.NotFound(), await DeleteAsync("env-nowhere0"));
    }

    [Fact]
    public async Task EnvironmentWithNodes_GoesWithTheLastOfThem()
    {
        var envId = await _installation.AddEnvironmentAsync();
        var node = await _installation.AddNodeAsync(envId);

        Assert.Equal(new DeleteEnvironmentOutcome.Accepted(EnvironmentState.Deleting, WasAsked: false), await DeleteAsync(envId));
        Assert.Equal(new DeleteEnvironmentOutcome.Accepted(EnvironmentState.Deleting, WasAsked: true), await DeleteAsync(envId));
        Assert.Empty(await Environments.EmptyDeletingAsync(CancellationToken.None));
        await ChangeAsync(envId, environment => environment.Remove(environment.Find(node.NodeId)!));
        Assert.Equal([envId], await Environments.EmptyDeletingAsync(CancellationToken.None));
        await ChangeAsync(envId, environment => environment.CloseIfEmpty());

        Assert.Equal(["DELETED"], await _installation.RowsAsync("SELECT state FROM environments"));
        Assert.Empty(await Environments.OfProviderAsync(NodeProvider.Attached, CancellationToken.None));
    }

    [Fact]
    public async Task DeleteWhileASubmitIsUnderWay_WaitsAndIsRefused()
    {
        var server = await _installation.StartServerAsync();
        var envId = await _installation.AddEnvironmentAsync();
        await using var gate = await _installation.HoldAsync("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE");

        // The submit shares the environment and waits for the table; the delete waits for the environment.
        var submit = server.SubmitAsync(Given.Job(envId));
        await _installation.WaitersAsync(1);
        var delete = DeleteAsync(envId);
        await _installation.WaitersAsync(2);
        await gate.CommitAsync();

        Assert.IsType<SubmitOutcome.Submitted>(await submit);
        Assert.Equal(new DeleteEnvironmentOutcome.InUse(1), await delete);
    }

    [Fact]
    public async Task SubmitWhileADeleteIsUnderWay_WaitsAndIsRefused()
    {
        var server = await _installation.StartServerAsync();
        var envId = await _installation.AddEnvironmentAsync();
        await using var gate = await _installation.HoldAsync("LOCK TABLE events IN ACCESS EXCLUSIVE MODE");

        // The delete holds the environment and waits for the journal; the submit waits for the environment.
        var delete = DeleteAsync(envId);
        await _installation.WaitersAsync(1);
        var submit = server.SubmitAsync(Given.Job(envId));
        await _installation.WaitersAsync(2);
        await gate.CommitAsync();

        Assert.Equal(new DeleteEnvironmentOutcome.Accepted(EnvironmentState.Deleted, WasAsked: false), await delete);
        Assert.Equal([envId], Assert.IsType<SubmitOutcome.EnvironmentsMissing>(await submit).EnvIds);
    }

    [Fact]
    public async Task EveryJoin_BeginsANewEpochAndEndsTheFormer()
    {
        var envId = await _installation.AddEnvironmentAsync();

        var first = await _installation.AddNodeAsync(envId);
        var second = await _installation.RejoinAsync(first);

        Assert.Equal(1, first.Epoch);
        Assert.True(second.Epoch > first.Epoch);
        Assert.Equal(new NodeHolder(envId, second.Epoch, NodeState.Running, new(8, 2_000, 4_096)), await Environments.FindHolderAsync(first.NodeId, CancellationToken.None));
        Assert.Equal(
            ["1 CREATING", "2 CREATED", "3 SUBMITTED", "4 CREATING", "5 CREATED", "6 RUNNING", "7 ABNORMAL", "8 RUNNING"],
            await JournalAsync(envId));
    }

    [Fact]
    public async Task Heartbeat_CountsForTheCurrentEpochOnly()
    {
        var envId = await _installation.AddEnvironmentAsync();
        var first = await _installation.AddNodeAsync(envId);
        var second = await _installation.RejoinAsync(first);

        Assert.Null(await HeartbeatAsync(first));
        Assert.Equal(NodeState.Running, await HeartbeatAsync(second));
        await _installation.LoseAsync(second);

        Assert.Null(await HeartbeatAsync(second));
        Assert.Null(await HeartbeatAsync(second with { Epoch = second.Epoch + 1 }));
    }

    [Fact]
    public async Task NodesOverTheirLease_AreListedUntilTheyGiveASign()
    {
        var envId = await _installation.AddEnvironmentAsync();
        await _installation.AddNodeAsync(envId);
        var late = await _installation.AddNodeAsync(envId, lease: TimeSpan.FromSeconds(-1));
        var given = await _installation.AddNodeAsync(envId, lease: TimeSpan.FromSeconds(-1));

        Assert.Equal(
            new[] { late.NodeId, given.NodeId }.Order(),
            (await Environments.ExpiredAsync(10, CancellationToken.None)).Select(node => node.NodeId).Order());
        Assert.Single(await Environments.ExpiredAsync(1, CancellationToken.None));
        await _installation.LoseAsync(given);
        await HeartbeatAsync(late);

        Assert.Empty(await Environments.ExpiredAsync(10, CancellationToken.None));
    }

    /// <summary>Whoever ends their machine says when such a node is gone; listed they would hide what is behind them.</summary>
    [Fact]
    public async Task NodesOverTheirLeaseThatAreToGo_AreListedOnlyWhereNobodyElseEndsThem()
    {
        var envId = await _installation.AddEnvironmentAsync();
        var attached = await _installation.AddNodeAsync(envId, lease: TimeSpan.FromSeconds(-1));
        await ChangeAsync(envId, environment =>
        {
            var made = environment.AddNode("node-made0001", "ins-made0001", "host-1");
            Assert.True(environment.Join(made, Node.Machine, "1", TimeSpan.FromSeconds(-1)));
            foreach (var node in environment.Nodes.ToList())
            {
                environment.RequestNodeDelete(node, "test", "it is to go");
            }
        });

        Assert.Equal([attached.NodeId], (await Environments.ExpiredAsync(10, CancellationToken.None)).Select(node => node.NodeId));
    }

    [Fact]
    public async Task ChangesAtOnce_AreMadeOneAfterTheOther()
    {
        var envId = await _installation.AddEnvironmentAsync();

        await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Task.Run(() => _installation.AddNodeAsync(envId))));

        Assert.Equal(12, await _installation.CountAsync("nodes"));
        Assert.Equal(Enumerable.Range(1, 2 + (12 * 4)), (await JournalAsync(envId)).Select(row => int.Parse(row.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture)));
    }

    private Task<CreateEnvironmentOutcome> CreateAsync(string name, string? key = null, string body = "body") =>
        Environments.CreateAsync(new() { EnvName = name }, isDefault: false, Installation.Submitter, key is null ? null : Server.Key(key, body), CancellationToken.None);

    private Task<DeleteEnvironmentOutcome> DeleteAsync(string envId) => Environments.DeleteAsync(envId, Installation.Submitter, CancellationToken.None);

    private Task<NodeState?> HeartbeatAsync(Node node) =>
        Environments.HeartbeatAsync(node.NodeId, new() { Epoch = node.Epoch, Claims = [], Load = 0.5, Running = 1 }, TimeSpan.FromSeconds(30), CancellationToken.None);

    private async Task ChangeAsync(string envId, Action<EnvironmentAggregate> change) =>
        Assert.NotNull(await Environments.ChangeAsync(
            envId,
            environment =>
            {
                change(environment);
                return environment;
            },
            CancellationToken.None));

    private Task<List<string>> JournalAsync(string envId) =>
        _installation.RowsAsync($"SELECT sequence, state FROM events WHERE subject_id = '{envId}' ORDER BY order_txid, event_no");
}
