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
        Assert.Null(await _store.FailAsync(one, "late", Long, CancellationToken.None));
        await _store.ReleaseAsync(one, CancellationToken.None);
        Assert.True(await _store.MoveAsync(two, new(7, 7, 0), 5, CancellationToken.None));

        // The control: the same write without its epoch would have been taken.
        Assert.Equal(1L, await _installation.ScalarAsync<long>("WITH moved AS (UPDATE event_listeners SET cursor_txid = '9' WHERE listener_name = 'audit' RETURNING 1) SELECT count(*) FROM moved"));
        Assert.Equal((5L, "two"), ((await ViewAsync()).HandledEvents, (await ViewAsync()).Server));
    }

    [Fact]
    public async Task FailuresInARow_AreKeptUntilOneIsTaken_AndOnlyAUserPauses()
    {
        var lease = (await ClaimAsync("one"))!;
        for (var failures = 1; failures <= 100; failures++)
        {
            Assert.Equal(failures, await _store.FailAsync(lease, failures == 1 ? "first\0" : new string('x', 3_000), Long, CancellationToken.None));
            Assert.Equal((ListenerState.Retrying, failures), ((await ViewAsync()).State, (await ViewAsync()).Failures));
        }

        Assert.InRange((await ViewAsync()).LastError!.Length, ListenerStore.MaxErrorLength - 10, ListenerStore.MaxErrorLength);
        await ExpireAsync();
        var again = (await ClaimAsync("one"))!;
        Assert.Equal(100, again.Failures);
        Assert.InRange(again.RetryIn, TimeSpan.FromSeconds(1), Long);

        await _store.PauseAsync("audit", CancellationToken.None);
        Assert.Null(await ClaimAsync("one"));
        Assert.Equal(ListenerState.Paused, (await ViewAsync()).State);
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

        await _store.RegisterAsync(["audit"], fromOldest: true, CancellationToken.None);
        await ExpireAsync();

        Assert.Equal(new JournalPosition(5, 5, 5), (await ClaimAsync("one"))!.Place);
    }

    [Fact]
    public async Task ForgottenWhileAServerHasIt_BeginsAnewWithAGap()
    {
        var lease = (await ClaimAsync("one"))!;
        Assert.False(await _store.DeleteAsync("audit", CancellationToken.None));
        await _store.PauseAsync("audit", CancellationToken.None);
        Assert.True(await _store.DeleteAsync("audit", CancellationToken.None));
        Assert.Null(await _store.DeleteAsync("audit", CancellationToken.None));

        Assert.Null(await ClaimAsync("one"));
        var anew = (await ClaimAsync("one"))!;

        Assert.Equal(("a user had audit forgotten while a server has it", 0), (anew.Gap, anew.Failures));
        Assert.True(lease.Place.IsBefore(anew.Place));
        Assert.Null(await ClaimAsync("two"));
    }

    [Fact]
    public async Task WhatServersCouldNotLoad_IsShownWhileTheyLiveOrUntilItIsForgotten()
    {
        await LoadErrorsAsync("a", ("audit", "torn"), ("zip", "none"));
        await LoadErrorsAsync("b", ("zip", "not there\0"));

        Assert.Equal(["audit a: torn", "zip a: none; b: not there\uFFFD"], await ErrorsAsync());
        Assert.Equal(["zip"], (await _store.ListAsync("audit", 10, 100, CancellationToken.None)).Select(view => view.ListenerName));
        await _store.RemoveLoadErrorsAsync("a", CancellationToken.None);
        Assert.Equal(["audit ", "zip b: not there\uFFFD"], await ErrorsAsync());

        // Killed; silent for a while; another one starts an hour later.
        await _installation.ExecuteAsync("UPDATE listener_load_errors SET alive_until = now() - interval '61 minutes'");
        Assert.Equal(["audit "], await ErrorsAsync());
        await _store.RenewLoadErrorsAsync("b", Long, CancellationToken.None);
        Assert.Equal(["audit ", "zip b: not there\uFFFD"], await ErrorsAsync());
        await _installation.ExecuteAsync("UPDATE listener_load_errors SET alive_until = now() - interval '61 minutes'");
        await LoadErrorsAsync("c", ("zip", "none"));
        await _store.RenewLoadErrorsAsync("b", Long, CancellationToken.None);
        Assert.Equal(["audit ", "zip c: none"], await ErrorsAsync());
        Assert.True(await _store.DeleteAsync("zip", CancellationToken.None));
        Assert.Equal(["audit "], await ErrorsAsync());
    }

    private Task LoadErrorsAsync(string server, params (string Name, string Error)[] errors) =>
        _store.AddLoadErrorsAsync(server, errors.ToDictionary(error => error.Name, error => error.Error), Long, CancellationToken.None);

    private async Task<IEnumerable<string>> ErrorsAsync() => (await _store.ListAsync(null, 10, 100, CancellationToken.None)).Select(view => $"{view.ListenerName} {view.LoadError}");

    private Task<ListenerLease?> ClaimAsync(string server) => _store.ClaimAsync("audit", server, Long, CancellationToken.None);

    private Task ExpireAsync() => _installation.ExecuteAsync("UPDATE event_listeners SET lease_until = now() - interval '1 second'");

    private async Task<ListenerView> ViewAsync() => Assert.Single(await _store.ListAsync(null, 10, 100, CancellationToken.None));
}
