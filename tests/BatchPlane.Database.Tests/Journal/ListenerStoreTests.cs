using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Listeners;

namespace BatchPlane.Database.Tests.Journal;

/// <summary>Who runs a listener, and who may move its place.</summary>
public sealed class ListenerStoreTests : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    private Installation _installation = null!;
    private ListenerStore _store = null!;

    public async Task InitializeAsync()
    {
        _installation = await Installation.CreateAsync();
        _store = new(_installation.DataSource);
        await _store.RegisterAsync(["audit"], fromOldest: true, CancellationToken.None);
    }

    public Task DisposeAsync() => _installation.DisposeAsync().AsTask();

    [Fact]
    public async Task TwoServers_OneHasIt_AndWhoLostItMovesNothing()
    {
        var one = (await ClaimAsync("one"))!;
        Assert.Null(await ClaimAsync("two"));
        await ExpireAsync();
        var two = (await ClaimAsync("two"))!;

        Assert.False(await _store.MoveAsync(one, new(9, 9, 0), 5, CancellationToken.None));
        Assert.False(await _store.RenewAsync(one, Long, CancellationToken.None));
        Assert.Null(await _store.FailAsync(one, "late", Long, 9, CancellationToken.None));
        await _store.ReleaseAsync(one, CancellationToken.None);
        Assert.True(await _store.MoveAsync(two, new(7, 7, 0), 5, CancellationToken.None));

        // The control: the same write without its epoch would have been taken.
        Assert.Equal(1L, await _installation.ScalarAsync<long>("WITH moved AS (UPDATE event_listeners SET cursor_txid = '9' WHERE listener_name = 'audit' RETURNING 1) SELECT count(*) FROM moved"));
        Assert.Equal((5L, "two"), ((await ViewAsync()).HandledEvents, (await ViewAsync()).Server));
    }

    [Fact]
    public async Task FailuresInARow_PauseIt_UntilItIsResumedWithWhatItHasNotTaken()
    {
        var lease = (await ClaimAsync("one"))!;
        Assert.Equal((1, false), await _store.FailAsync(lease, "first\0", Long, 2, CancellationToken.None));
        Assert.Equal((ListenerState.Retrying, "first "), ((await ViewAsync()).State, (await ViewAsync()).LastError));
        await ExpireAsync();
        var again = (await ClaimAsync("one"))!;
        Assert.Equal(1, again.Failures);
        Assert.InRange(again.RetryIn, TimeSpan.FromSeconds(1), Long);
        Assert.Equal((2, true), await _store.FailAsync(again, new string('x', 3_000), Long, 2, CancellationToken.None));
        await ExpireAsync();

        Assert.Null(await ClaimAsync("one"));
        Assert.Equal((ListenerState.Paused, ListenerStore.MaxErrorLength), ((await ViewAsync()).State, (await ViewAsync()).LastError!.Length));
        Assert.True(await _store.ResumeAsync("audit", null, CancellationToken.None));
        Assert.False(await _store.MoveAsync(again, new(9, 9, 0), 1, CancellationToken.None));
        var resumed = (await ClaimAsync("one"))!;
        Assert.Equal((lease.Place, 0, TimeSpan.Zero, null), (resumed.Place, resumed.Failures, resumed.RetryIn, resumed.Gap));
    }

    [Fact]
    public async Task ResumedBehindEverything_HasAGapUntilItWasTold()
    {
        await _store.PauseAsync("audit", CancellationToken.None);
        await _store.ResumeAsync("audit", "skipped", CancellationToken.None);
        var lease = (await ClaimAsync("one"))!;

        Assert.Equal("skipped", lease.Gap);
        Assert.True(await _store.MoveAsync(lease, lease.Place with { Count = 1 }, 0, CancellationToken.None));
        await ExpireAsync();
        Assert.Equal("skipped", (await ClaimAsync("one"))!.Gap);
        await ExpireAsync();
        var told = (await ClaimAsync("one"))!;
        Assert.True(await _store.MoveAsync(told, told.Place with { Count = 2 }, 1, CancellationToken.None));
        await ExpireAsync();
        Assert.Null((await ClaimAsync("one"))!.Gap);
        Assert.Equal(1, (await ViewAsync()).Gaps);
    }

    [Fact]
    public async Task KnownListener_KeepsItsPlaceWhenItIsLoadedAgain()
    {
        var lease = (await ClaimAsync("one"))!;
        await _store.MoveAsync(lease, new(5, 5, 5), 1, CancellationToken.None);
        await _store.NoteLoadErrorAsync("audit", "torn", CancellationToken.None);
        Assert.Equal("torn", (await ViewAsync()).LoadError);

        await _store.RegisterAsync(["audit"], fromOldest: true, CancellationToken.None);
        await ExpireAsync();

        Assert.Null((await ViewAsync()).LoadError);
        Assert.Equal(new JournalPosition(5, 5, 5), (await ClaimAsync("one"))!.Place);
        Assert.False(await _store.DeleteAsync("audit", CancellationToken.None));
        await ExpireAsync();
        Assert.True(await _store.DeleteAsync("audit", CancellationToken.None));
        Assert.Null(await _store.DeleteAsync("audit", CancellationToken.None));
    }

    private Task<ListenerLease?> ClaimAsync(string server) => _store.ClaimAsync("audit", server, Long, CancellationToken.None);

    private Task ExpireAsync() => _installation.ExecuteAsync("UPDATE event_listeners SET lease_until = now() - interval '1 second'");

    private async Task<ListenerView> ViewAsync() => Assert.Single(await _store.ListAsync(null, 10, 100, CancellationToken.None));
}
