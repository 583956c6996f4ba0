using BatchPlane.Contracts;
using BatchPlane.Core.Journal;
using BatchPlane.Core.ReadModel;
using Microsoft.Extensions.Options;
using Npgsql;

namespace BatchPlane.Database.Tests.Journal;

/// <summary>The journal over all subjects, read by places in its order.</summary>
public sealed class ReplayTests : IAsyncLifetime
{
    private Installation _installation = null!;
    private JournalQueries _journal = null!;

    public async Task InitializeAsync()
    {
        _installation = await Installation.CreateAsync();
        _journal = new(new(_installation.DataSource), new(_installation.DataSource), Options.Create(new JournalOptions { ScanRows = 1_000 }));
    }

    public Task DisposeAsync() => _installation.DisposeAsync().AsTask();

    [Fact]
    public async Task WritersCommitOutOfOrder_NoneIsMissed_WhereANaiveReaderLoses()
    {
        await using var slow = await _installation.DataSource.OpenConnectionAsync();
        await using var transaction = await slow.BeginTransactionAsync();
        await AppendAsync(slow, "job-slow");
        await AppendAsync("job-fast");

        var early = await PageAsync(new(), null, 10);
        var naive = await _installation.ScalarAsync<long>("SELECT max(event_no) FROM events");
        await transaction.CommitAsync();
        var late = await Condition.ReachedAsync(() => PageAsync(new(), early.Next, 10), page => page.Items.Count == 2, "both are settled");

        Assert.Empty(early.Items);
        Assert.Equal(["job-slow:1", "job-fast:1"], late.Items.Select(item => item.View.EventId));

        // The control: who goes on behind the greatest number seen never gets the slow one.
        Assert.Equal(0, await _installation.ScalarAsync<long>($"SELECT count(*) FROM events WHERE event_no > {naive}"));
    }

    [Fact]
    public async Task ManyWritersAndRollbacks_AReaderInStepsGetsEachOnceAndInSequence()
    {
        const int Writers = 8;
        const int Rows = 60;
        var writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var n = 0; n < Rows; n++)
            {
                await using var connection = await _installation.DataSource.OpenConnectionAsync();
                await using var transaction = await connection.BeginTransactionAsync();
                await AppendAsync(connection, $"job-{(writer + n) % 5}", span: 1 + (n % 3));
                await (n % 4 == 3 ? transaction.RollbackAsync() : transaction.CommitAsync());
            }
        })));
        var seen = new List<string>();
        JournalPosition? place = null;
        await Condition.ReachedAsync(
            async () =>
            {
                var page = await PageAsync(new(), place, 7);
                place = page.Next;
                seen.AddRange(page.Items.Select(item => item.View.EventId));
                return (writing.IsCompleted, Missing: writing.IsCompleted ? await _installation.ScalarAsync<long>("SELECT coalesce(sum(span), 0)::bigint FROM events") - seen.Count : -1);
            },
            state => state is { IsCompleted: true, Missing: <= 0 },
            "all are read");
        await writing;

        Assert.Equal(seen.Count, seen.Distinct().Count());
        foreach (var ofJob in seen.Select(id => id.Split(':')).GroupBy(parts => parts[0]))
        {
            Assert.Equal(Enumerable.Range(1, ofJob.Count()).Select(n => $"{n}"), ofJob.Select(parts => parts[1]));
        }
    }

    [Fact]
    public async Task Span_IsUnfoldedOverPagesInBothDirections()
    {
        await AppendAsync("job-a");
        await AppendAsync("job-b", span: 5);
        await AppendAsync("job-a");
        var all = await AllAsync(new(), backwards: false, limit: 2);

        Assert.Equal(["job-a:1", "job-b:1", "job-b:2", "job-b:3", "job-b:4", "job-b:5", "job-a:2"], all);
        Assert.Equal(Enumerable.Reverse(all), await AllAsync(new(), backwards: true, limit: 2));
        Assert.Equal(["job-b:5", "job-b:4", "job-b:3", "job-b:2", "job-b:1"], await AllAsync(new() { SubjectId = "job-b" }, backwards: true, limit: 2));
        Assert.Equal(["job-b:4"], await AllAsync(new() { InstanceIndex = 3 }, backwards: false, limit: 2));
    }

    [Fact]
    public async Task Filters_HaveAllToBeTrue()
    {
        await AppendAsync("job-a", "FAILED", reason: "Disk is FULL");
        await AppendAsync("job-b", "FAILED", reason: "signal 9");
        await AppendAsync("job-b", "RUNNING");

        Assert.Equal(["job-a:1"], await AllAsync(new() { Text = "disk is full" }));
        Assert.Equal(["job-a:1", "job-b:1"], await AllAsync(new() { Names = ["TaskInstanceFailed"] }));
        Assert.Equal(["job-b:1"], await AllAsync(new() { SubjectId = "job-b", States = ["failed"] }));
        Assert.Empty(await AllAsync(new() { Levels = ["job"] }));
        Assert.Empty(await AllAsync(new() { Source = "user" }));
        Assert.Equal(3, (await AllAsync(new() { Source = "engine" })).Count);
    }

    [Fact]
    public async Task SinceATime_BeginsAtTheMarkBeforeItAndMissesNothing()
    {
        var store = new JournalStore(_installation.DataSource);
        await AppendAsync("job-a");
        await Condition.ReachedAsync(() => AllAsync(new()), all => all.Count == 1, "it is settled");
        await store.MarkAsync(TimeSpan.Zero, default);
        var marked = new DateTimeOffset(await _installation.ScalarAsync<DateTime>("SELECT clock_timestamp()"));
        await AppendAsync("job-a");
        await AppendAsync("job-b");
        await Condition.ReachedAsync(() => AllAsync(new()), all => all.Count == 3, "all are settled");

        // What lies before the mark is not even looked at: damaged, it would be found.
        await _installation.ExecuteAsync("UPDATE events SET occurred_at = now() + interval '1 minute' WHERE subject_id = 'job-a' AND sequence = 1");

        Assert.Equal(["job-a:2", "job-b:1"], await AllAsync(new() { Since = marked }));
        Assert.Equal(3, (await AllAsync(new() { Since = marked.AddHours(-1) })).Count);
    }

    [Fact]
    public async Task RareMatch_MakesShortPagesThatGoOn()
    {
        await _installation.ExecuteAsync("""
            INSERT INTO events (order_txid, shard, subject_id, sequence, level, state, source, occurred_at, notify)
            SELECT pg_current_xact_id(), 0, 'job-many', n, 'job', 'RUNNING', 'engine', now(), 0 FROM generate_series(1, 1500) AS n
            """);
        await AppendAsync("job-rare", "FAILED");
        await Condition.ReachedAsync(() => AllAsync(new() { SubjectId = "job-rare" }), all => all.Count == 1, "it is settled");

        var first = await PageAsync(new() { States = ["FAILED"] }, null, 10);
        var second = await PageAsync(new() { States = ["FAILED"] }, first.Next, 10);

        Assert.Equal((0, true), (first.Items.Count, first.More));
        Assert.Equal(("job-rare:1", false), (second.Items.Single().View.EventId, second.More));
    }

    [Fact]
    public async Task DroppedDays_AreGoneAndNotSkipped()
    {
        await _installation.ExecuteAsync("SELECT journal_ensure_partition(current_date - 40)");
        await _installation.ExecuteAsync("""
            INSERT INTO events (order_txid, shard, subject_id, sequence, level, state, source, occurred_at, notify)
            VALUES ('7', 0, 'job-old', 1, 'job', 'RUNNING', 'engine', now() - interval '40 days', 0), ('8', 0, 'job-old', 2, 'job', 'SUCCEED', 'engine', now() - interval '40 days', 0)
            """);
        await AppendAsync("job-new");
        var before = await PageAsync(new(), null, 1);
        await _installation.ExecuteAsync("UPDATE statistics_cursor SET txid = '9'");
        Assert.Equal(1, await new JournalStore(_installation.DataSource).DropPartitionsAsync(14, default));

        var answer = Assert.IsType<JournalAnswer<EventView>.Gone>(await _journal.EventsAsync(new(), before.Next, backwards: false, 10, default));

        Assert.Equal("job-old:1", before.Items.Single().View.EventId);
        Assert.Equal(["job-new:1"], (await Condition.ReachedAsync(() => PageAsync(new(), answer.Oldest, 10), page => page.Items.Count == 1, "it is settled")).Items.Select(item => item.View.EventId));
        Assert.Equal(["job-new:1"], await AllAsync(new()));
        Assert.Equal(["job-new:1"], await AllAsync(new(), backwards: true));
    }

    [Fact]
    public async Task JobOfTheNameThatComesWhileAPageIsRead_IsNotPassedOver()
    {
        await AddJobAsync("job-a", "1");
        await AppendAsync("job-a");
        await Condition.ReachedAsync(() => AllAsync(Quiet), all => all.Count == 1, "it is settled");
        var reader = new JournalReader(_installation.DataSource);
        var bounds = await reader.BoundsAsync(null, null, default);
        var scope = await reader.ScopeAsync(Quiet, bounds.Begin, 1_000, default);
        await AddJobAsync("job-b", "1");
        await AppendAsync("job-b");
        await AppendAsync("job-a");
        await Condition.ReachedAsync(() => AllAsync(Quiet), all => all.Count == 3, "all are settled");

        Assert.Equal([1L], await SequencesAsync(JournalScope.BelowOf(scope, bounds)));

        // The control: whoever reads further stands behind the row of the new job, which he did not get.
        Assert.Equal([1L, 2L], await SequencesAsync(null));

        async Task<IEnumerable<long>> SequencesAsync(ulong? below) =>
            (await reader.ReadAsync(scope, bounds.Begin, backwards: false, below, 10, default)).Select(row => row.Sequence);
    }

    [Fact]
    public async Task FollowerOfAQuietName_MovesOnWithTheJournal()
    {
        await AddJobAsync("job-a", "900000");
        await AppendAsync("job-a");
        await Condition.ReachedAsync(() => AllAsync(Quiet), all => all.Count == 1, "it is settled");
        var first = await PageAsync(Quiet, null, 10);
        await AppendAsync("job-else");
        await AllAsync(new());
        var second = await PageAsync(Quiet, first.Next, 10);
        await AppendAsync("job-a");
        var third = await Condition.ReachedAsync(() => PageAsync(Quiet, second.Next, 10), page => page.Items.Count == 1, "it is settled");

        Assert.Empty(second.Items);
        var last = await _installation.ScalarAsync<long>("SELECT order_txid::text::bigint FROM events WHERE subject_id = 'job-else'");
        Assert.True(JournalPosition.Before((ulong)last).IsBefore(second.Next), $"{second.Next} is not behind {last}");
        Assert.Equal("job-a:2", third.Items.Single().View.EventId);
    }

    [Fact]
    public async Task JobsThatAreTooOld_CountAmongThoseLookedAt()
    {
        await AddJobAsync("job-old1", "1");
        await AddJobAsync("job-old2", "2");
        await AddJobAsync("job-new", "9");
        var reader = new JournalReader(_installation.DataSource);

        Assert.Equal(["job-new"], (await reader.ScopeAsync(Quiet, JournalPosition.Before(5), 4, default))!.SubjectIds);
        Assert.Null(await reader.ScopeAsync(Quiet, JournalPosition.Before(5), 3, default));
    }

    [Fact]
    public async Task UncountedDays_AreKept()
    {
        await _installation.ExecuteAsync("SELECT journal_ensure_partition(current_date - 40)");
        await _installation.ExecuteAsync("""
            INSERT INTO events (order_txid, shard, subject_id, sequence, level, state, source, occurred_at, notify)
            VALUES ('7', 0, 'job-old', 1, 'job', 'RUNNING', 'engine', now() - interval '40 days', 0)
            """);
        var store = new JournalStore(_installation.DataSource);

        Assert.Equal(0, await store.DropPartitionsAsync(14, default));

        // The control: once it is counted, it goes.
        await _installation.ExecuteAsync("UPDATE statistics_cursor SET txid = '7', event_no = (SELECT max(event_no) FROM events)");
        Assert.Equal(1, await store.DropPartitionsAsync(14, default));
    }

    private static JournalFilter Quiet => new() { JobName = NameFilter.Parse("quiet") };

    /// <summary>A job of the name that <see cref="Quiet"/> wants.</summary>
    private Task AddJobAsync(string jobId, string txid) => _installation.ExecuteAsync($"""
        INSERT INTO jobs (job_id, job_name, job_description, priority, state, document, notifications, interest, tags, labels, submitted_by, created_at, journal_txid)
        VALUES ('{jobId}', 'quiet', '', 0, 'RUNNING', jsonb_build_object(), '[]', ARRAY[]::integer[], '[]', ARRAY[]::text[], 'test', now(), {txid}::text::xid8)
        """);

    private async Task<JournalAnswer<EventView>.Found> PageAsync(JournalFilter filter, JournalPosition? after, int limit, bool backwards = false) =>
        Assert.IsType<JournalAnswer<EventView>.Found>(await _journal.EventsAsync(filter, after, backwards, limit, default));

    /// <summary>All pages, once what was written is settled.</summary>
    private async Task<List<string>> AllAsync(JournalFilter filter, bool backwards = false, int limit = 50)
    {
        await Condition.ReachedAsync(
            () => _installation.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM events WHERE order_txid >= pg_snapshot_xmin(pg_current_snapshot()))"),
            isUnsettled => !isUnsettled,
            "everything is settled");
        var all = new List<string>();
        JournalAnswer<EventView>.Found? page = null;
        do
        {
            page = await PageAsync(filter, page?.Next, limit, backwards);
            all.AddRange(page.Items.Select(item => item.View.EventId));
        }
        while (page.More);

        return all;
    }

    private async Task AppendAsync(string subjectId, string state = "RUNNING", int span = 1, string? reason = null)
    {
        await using var connection = await _installation.DataSource.OpenConnectionAsync();
        await AppendAsync(connection, subjectId, state, span, reason);
    }

    /// <summary>A row of instances, as the transition path writes it: under a lock of the subject, here an advisory one.</summary>
    private static async Task AppendAsync(NpgsqlConnection connection, string subjectId, string state = "RUNNING", int span = 1, string? reason = null)
    {
        await using (var held = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtext($1))", connection) { Parameters = { new() { Value = subjectId } } })
        {
            await held.ExecuteNonQueryAsync();
        }

        await using var command = new NpgsqlCommand(
            """
            INSERT INTO events (order_txid, shard, subject_id, sequence, span, level, state, task_no, instance_index, reason, source, occurred_at, notify)
            SELECT greatest(pg_current_xact_id(), coalesce(last.order_txid, '0')), 0, $1, coalesce(last.sequence + last.span, 1), $2, 'task_instance', $3, 0, 0, $4, 'engine', clock_timestamp(), 0
            FROM (VALUES (1)) AS one (row)
            LEFT JOIN LATERAL (SELECT * FROM events WHERE subject_id = $1 ORDER BY sequence DESC LIMIT 1) AS last ON true
            """,
            connection);
        command.Parameters.Add(new() { Value = subjectId });
        command.Parameters.Add(new() { Value = span });
        command.Parameters.Add(new() { Value = state });
        command.Parameters.Add(new() { Value = (object?)reason ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        await command.ExecuteNonQueryAsync();
    }
}
