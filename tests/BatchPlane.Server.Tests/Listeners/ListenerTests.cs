using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Listeners;
using BatchPlane.Server.Listeners;
using BatchPlane.Server.Tests.Dispatch;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace BatchPlane.Server.Tests.Listeners;

public sealed class ListenerTests(ListenerServer server) : IClassFixture<ListenerServer>
{
    [Fact]
    public async Task Sample_GetsEverythingInOrder_WhileOthersHangAndThrow()
    {
        await server.AppendAsync("job-one", 20);
        await server.AppendAsync("job-two", 1);
        await server.AppendAsync("job-one", 2);

        Assert.Equal(Ids("job-one", 22), (await WrittenAsync("job-one", 22)).Distinct());
        Assert.Equal(Ids("job-two", 1), (await WrittenAsync("job-two", 1)).Distinct());
        var states = await Until.ReachedAsync(
            server.StatesAsync,
            views => views["hanging"].Failures > 0 && views["slow"].Failures > 0 && views["throwing"].Failures > 20 && views["json-lines"].PendingEvents == 0,
            views => JsonSerializer.Serialize(views.Values, BatchPlaneJson.Options));

        Assert.Equal((ListenerState.Running, 0), (states["json-lines"].State, states["json-lines"].Failures));
        Assert.NotNull(states["json-lines"].Server);
        Assert.Contains("not called again before it does", states["hanging"].LastError, StringComparison.Ordinal);
        Assert.Contains("did not return within 00:00:02", states["slow"].LastError, StringComparison.Ordinal);
        Assert.True(states["slow"].PendingEvents > 0);
        Assert.Equal(ListenerState.Retrying, states["throwing"].State);

        // In the words of a library that only the plug-in has.
        Assert.Matches("InvalidOperationException: first: job-.*:[0-9]+", states["throwing"].LastError);

        // Counters are this server's own: it may be another one than that of the failures above.
        string[] failures = [Failures("hanging", "timeout"), Failures("slow", "timeout"), Failures("throwing", "error")];
        var outage = await Until.ReachedAsync(
            () => server.Client.GetStringAsync("/metrics"),
            text => failures.All(line => text.Contains(line, StringComparison.Ordinal)),
            text => text);
        Assert.Contains("batchplane_listener_state{listener=\"throwing\",state=\"retrying\"} 1", outage, StringComparison.Ordinal);
        Assert.Contains("batchplane_listener_state{listener=\"json-lines\",state=\"retrying\"} 0", outage, StringComparison.Ordinal);
        Assert.Matches("batchplane_listener_failures{listener=\"throwing\"} [0-9]{2,}", outage);

        // However long that was: it goes on by itself.
        await File.WriteAllTextAsync(server.Mercy, "");
        var late = await Until.ReachedAsync(
            async () => (await File.ReadAllLinesAsync(server.Mercy)).Where(id => id.StartsWith("job-one:", StringComparison.Ordinal)).ToList(),
            ids => ids.Count >= 22,
            ids => string.Join(' ', ids));
        Assert.Equal(Ids("job-one", 22), late);
        Assert.Contains("batchplane_listener_up{listener=\"json-lines\"} 1", outage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PlugInsThatCannotBeUsed_AreSeenAndNothingElseSuffers()
    {
        var states = await server.StatesAsync();

        Assert.Contains("there is no empty.dll", states["empty"].LoadError, StringComparison.Ordinal);
        Assert.Contains("BadImageFormatException", states["torn"].LoadError, StringComparison.Ordinal);
        Assert.Contains("it was built against BatchPlane.Contracts 9.0.0", states["from-the-future"].LoadError, StringComparison.Ordinal);
        Assert.All(["empty", "torn", "from-the-future"], name => Assert.Equal((ListenerState.Unavailable, null), (states[name].State, states[name].Server)));
        Assert.Contains("there is a listener of this name already", states["throwing"].LoadError, StringComparison.Ordinal);
        Assert.Null(states["json-lines"].LoadError);

        using var running = await server.Client.DeleteAsync("/v1/listeners/json-lines");
        await ServerFixture.ProblemAsync(running, 409, "listener_runs");
        using var gone = await server.Client.DeleteAsync("/v1/listeners/torn");
        Assert.Equal(204, (int)gone.StatusCode);
        using var again = await server.Client.DeleteAsync("/v1/listeners/torn");
        await ServerFixture.ProblemAsync(again, 404, "listener_not_found");
    }

    [Fact]
    public async Task ServerThatStartsAgain_GoesOnBehindWhatWasTaken_AndWithoutThePlaceRepeatsIt()
    {
        await server.AppendAsync("job-again", 10);
        await WrittenAsync("job-again", 10);
        await Until.ReachedAsync(server.StatesAsync, views => views["json-lines"].PendingEvents == 0, views => JsonSerializer.Serialize(views["json-lines"], BatchPlaneJson.Options));

        await server.RestartAsync();
        await server.AppendAsync("job-again", 5);
        Assert.Equal(Ids("job-again", 15), await WrittenAsync("job-again", 15));

        // The control: without its place it would take everything again.
        await server.ExecuteAsync("UPDATE event_listeners SET cursor_txid = '0', cursor_event_no = 0, cursor_count = 0, epoch = epoch + 1, holder = NULL WHERE listener_name = 'json-lines'");
        Assert.Equal([.. Ids("job-again", 15), .. Ids("job-again", 15)], await WrittenAsync("job-again", 30));
    }

    [Fact]
    public async Task ListenerThatIsStuckOnEveryServer_HoldsUpNoOtherThere()
    {
        await using var second = await server.StartSecondAsync();
        await server.AppendAsync("job-both", 20);

        Assert.Equal(Ids("job-both", 20), (await WrittenAsync("job-both", 20)).Distinct());
        await Until.ReachedAsync(
            server.StatesAsync,
            views => views["hanging"] is { Failures: >= 2, State: ListenerState.Unavailable } && views["json-lines"].PendingEvents == 0,
            views => JsonSerializer.Serialize(views.Values, BatchPlaneJson.Options));
        await server.AppendAsync("job-both", 1);
        Assert.Equal(Ids("job-both", 21), (await WrittenAsync("job-both", 21)).Distinct());
    }

    [Fact]
    public async Task WhatCannotBeLoadedByTwoServersOfAMachine_IsShownForEachWhileItLives()
    {
        var second = await server.StartSecondAsync();
        await LoadErrorsAsync(2);

        await second.DisposeAsync();
        await LoadErrorsAsync(1);

        // It is renewed: what is not is gone a lease later.
        var later = DateTimeOffset.UtcNow + (2 * server.Services.GetRequiredService<ListenerServices>().Options.LeaseDuration);
        await Until.ReachedAsync(() => server.CountAsync($"listener_load_errors WHERE alive_until > timestamptz '{later:O}'"), count => count > 0, _ => "not renewed");
        await LoadErrorsAsync(1);

        Task LoadErrorsAsync(int count) => Until.ReachedAsync(
            server.StatesAsync,
            views => views["empty"].LoadError?.Split("there is no empty.dll").Length == count + 1,
            views => views["empty"].LoadError ?? "none");
    }

    [Fact]
    public async Task RenewalThatHangs_LosesTheListenerWhenItsLeaseEnds()
    {
        var services = server.Services.GetRequiredService<ListenerServices>();
        await services.Store.RegisterAsync(["held"], fromOldest: false, CancellationToken.None);
        var since = services.Time.GetTimestamp();
        var lease = (await services.Store.ClaimAsync("held", "test", services.Options.LeaseDuration, CancellationToken.None))!;
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var lockedRow = await connection.BeginTransactionAsync();
        await using (var locking = new NpgsqlCommand("SELECT FROM event_listeners WHERE listener_name = 'held' FOR UPDATE", connection))
        {
            await locking.ExecuteNonQueryAsync();
        }

        var held = new HeldListener(lease, since, services, CancellationToken.None);
        var isLost = new TaskCompletionSource();
        await using (held.Lost.Register(isLost.SetResult))
        {
            await isLost.Task.WaitAsync(10 * services.Options.LeaseDuration);
        }

        // It was its lease that ended, not its patience: the row is locked still.
        await lockedRow.RollbackAsync();
        await held.DisposeAsync();
        Assert.True(await services.Store.DeleteAsync("held", CancellationToken.None));
    }

    [Fact]
    public async Task PlaceOlderThanTheJournal_IsAGapThatIsTold()
    {
        using var paused = await server.Client.PostAsync("/v1/listeners/json-lines/pause", null);
        await server.AppendAsync("job-lost", 3);
        await server.ExecuteAsync("UPDATE journal_begin SET (txid, event_no) = (SELECT order_txid, event_no FROM events WHERE subject_id = 'job-lost')");
        await server.AppendAsync("job-lost", 1);
        Assert.Equal(ListenerState.Paused, (await server.StatesAsync())["json-lines"].State);

        using var resumed = await server.Client.PostAsync("/v1/listeners/json-lines/resume", null);

        Assert.Equal(["job-lost:4"], await WrittenAsync("job-lost", 1));
        var gap = Assert.Single(await server.LinesAsync(), line => line.TryGetProperty("gap", out _));
        Assert.Contains("Journal.RetentionDays", gap.GetProperty("gap").GetString(), StringComparison.Ordinal);
        var state = (await server.StatesAsync())["json-lines"];
        Assert.Equal((1, gap.GetProperty("gap").GetString()), (state.Gaps, state.LastGap));
    }

    [Fact]
    public async Task Tracing_SaysWhatListenersAreTold_AndTheJournalHasAll()
    {
        const int Instances = 200;
        foreach (var tracing in (string[])["full", "sampled", "off"])
        {
            var job = $"job-{tracing}";
            await server.AddJobAsync(job, tracing);
            await server.AppendAsync(job, Instances);
            await server.AppendAsync(job, Instances - 1, "SUCCEED", "succeeded");
            await server.AppendAsync(job, 1, "FAILED", "exit_code", first: Instances - 1);
            await server.AppendAsync(job, 1, "RUNNING", null, first: Instances - 1, attempt: 2);
            await server.ExecuteAsync($"""
                INSERT INTO events (order_txid, shard, subject_id, sequence, span, level, state, source, occurred_at, notify)
                VALUES (pg_current_xact_id(), 0, '{job}', {(2 * Instances) + 2}, 1, 'job', 'FAILED', 'engine', now(), 0)
                """);
        }

        await server.AppendAsync("job-behind", 1);
        await WrittenAsync("job-behind", 1);

        Assert.Equal((2 * Instances) + 2, (await server.IdsAsync("job-full")).Count);
        Assert.Empty(await server.IdsAsync("job-off"));
        int[] chosen = [.. Enumerable.Range(0, Instances).Where(index => TraceSample.IsChosen("job-sampled", 0, index, ListenerServer.SampleEvery))];
        Assert.InRange(chosen.Length, Instances / ListenerServer.SampleEvery / 3, Instances / ListenerServer.SampleEvery * 3);
        long[] expected =
        [
            .. chosen.Select(index => index + 1L),
            .. chosen.Where(index => index < Instances - 1).Select(index => Instances + index + 1L),
            2 * Instances, (2 * Instances) + 1, (2 * Instances) + 2,
        ];
        Assert.Equal(expected.Select(sequence => $"job-sampled:{sequence}"), await server.IdsAsync("job-sampled"));

        // A failure that was not chosen has its begin all the same.
        var failure = (await server.LinesAsync()).Single(line => line.TryGetProperty("event", out var one) && one.GetProperty("event_id").GetString() == $"job-sampled:{2 * Instances}");
        Assert.Equal("FAILURE", failure.GetProperty("execution").GetProperty("result").GetString());
        Assert.True(failure.GetProperty("execution").TryGetProperty("start_time", out _));
        foreach (var job in (string[])["job-full", "job-sampled", "job-off"])
        {
            var executions = await server.GetAsync<JournalPage<ExecutionView>>($"/v1/executions?job={job}&limit={Instances}");
            Assert.Equal(Instances, executions.Items.Count);
        }
    }

    [Theory]
    [InlineData("1.4.0", "1.4.2", true)]
    [InlineData("1.0.0", "1.4.0", true)]
    [InlineData("1.5.0", "1.4.0", false)]
    [InlineData("1.4.0", "2.0.0", false)]
    [InlineData("0.1.0", "0.2.0", false)]
    [InlineData("0.2.0", "0.2.1", true)]
    public void Contracts_FitWhatWasBuiltAgainstOlderOnesOfTheSameNumber(string built, string ours, bool fits) =>
        Assert.Equal(fits, ContractVersion.Problem(new(built), new(ours)) is null);

    private static string Failures(string listener, string kind) => $"batchplane_listeners_failures_total{{listener=\"{listener}\",kind=\"{kind}\"}} ";

    private static IEnumerable<string> Ids(string subjectId, int count) => Enumerable.Range(1, count).Select(sequence => $"{subjectId}:{sequence}");

    private Task<List<string>> WrittenAsync(string subjectId, int count) =>
        Until.ReachedAsync(() => server.IdsAsync(subjectId), ids => ids.Count >= count, ids => $"{subjectId}: {string.Join(' ', ids)}");
}
