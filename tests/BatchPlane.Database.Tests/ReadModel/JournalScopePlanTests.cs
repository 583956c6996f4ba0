using System.Text.Json;
using BatchPlane.Core.Database;
using BatchPlane.Core.Jobs;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Database.Tests.ReadModel;

/// <summary>What a reader of the journal does not want it must not read: a long job before a place, the journals of other jobs, other instances.</summary>
public sealed class JournalScopePlanTests : IAsyncLifetime
{
    private const int Rows = 40_000;

    /// <summary>Pages of the database that a few rows and twice some twenty looks into an index need, not what all rows lie on.</summary>
    private const int FewPages = 400;

    private const ulong First = 3;
    private const ulong Last = First + ((Rows - 1) / 7 * 7);

    private Installation _installation = null!;

    public async Task InitializeAsync()
    {
        _installation = await Installation.CreateAsync();
        await _installation.ExecuteAsync($"""
            INSERT INTO events (order_txid, shard, subject_id, sequence, span, level, state, task_no, instance_index, attempt, source, occurred_at, notify, details)
            SELECT ({First} + n / 7 * 7)::text::xid8, 0, 'job-long', 1 + 2 * n, 2, 'task_instance', 'RUNNING', 0, 2 * n, 1, 'engine', now(), 0, jsonb_build_object()
            FROM generate_series(0, {Rows} - 1) AS n;
            INSERT INTO events (order_txid, shard, subject_id, sequence, level, state, source, occurred_at, notify)
            SELECT '{Rows}', 0, 'job-short', n, 'job', 'RUNNING', 'engine', now(), 0 FROM generate_series(1, 5) AS n;
            INSERT INTO jobs (job_id, job_name, job_description, priority, state, cause, document, notifications, interest, tags, labels, submitted_by, created_at, finished_at, journal_txid)
            SELECT 'job-x' || n, 'many' || n, '', 0, 'SUCCEED', 'succeeded', jsonb_build_object(), '[]', ARRAY[]::integer[], '[]', ARRAY['env:env-n' || n % 1000], 'test', now(), now(), '9' FROM generate_series(1, 20000) AS n;
            INSERT INTO events (order_txid, shard, subject_id, sequence, level, state, task_no, instance_index, attempt, source, occurred_at, notify)
            SELECT (10 + n)::text::xid8, 0, 'job-loud', 1 + n, 'task_instance', 'PROGRESS', 0, n % 1000, 1, 'agent', now(), 0 FROM generate_series(0, {Rows} - 1) AS n;
            UPDATE jobs SET job_id = 'job-short' WHERE job_name = 'many77';
            INSERT INTO removed_jobs (job_id, job_name, tracing, journal_txid, created_at, removed_at)
            SELECT 'job-r' || n, 'many' || n, 'full', '9', now(), now() FROM generate_series(1, 20000) AS n;
            ANALYZE events, jobs, removed_jobs
            """);
    }

    public async Task DisposeAsync() => await _installation.DisposeAsync();

    [Fact]
    public async Task LongJobReadFromAPlaceThatIsNoneOfItsRows_IsNotReadBeforeIt()
    {
        const ulong Middle = First + ((Last - First) / 2);
        Assert.Equal(0, await RowsAsync("journal_forward_of_subject", Place(Last + 1), Subject()));
        Assert.Equal(0, await RowsAsync("journal_backward_of_subject", Place(First), Subject()));
        Assert.Equal(10, await RowsAsync("journal_forward_of_subject", Place(Middle), Subject()));
        Assert.Equal(10, await RowsAsync("journal_backward_of_subject", Place(Middle), Subject()));

        // The control: without the place as a sequence, all rows before it are read and thrown away.
        var blind = SqlText.Load("ReadModel/Sql/journal_forward_of_subject.sql").Replace("(SELECT journal_sequence_at(@subject_id::text, @txid::xid8, @event_no::bigint))", "0", StringComparison.Ordinal);
        Assert.InRange((await RunAsync(blind, [.. Place(Last + 1), .. Subject()])).Pages, FewPages, long.MaxValue);

        NpgsqlParameter[] Subject() => [new("subject_id", "job-long")];
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(20_001)]
    public async Task SequenceAtAPlace_IsThatOfTheFirstRowThere(int behind)
    {
        // Places of rows, before the first of a transaction, and between rows that have the same transaction.
        var wanted = await _installation.ScalarAsync<long>($"SELECT sequence FROM events WHERE subject_id = 'job-long' ORDER BY sequence OFFSET {behind} LIMIT 1");
        Assert.Equal(wanted, await _installation.ScalarAsync<long>(
            $"SELECT journal_sequence_at('job-long', order_txid, event_no) FROM events WHERE subject_id = 'job-long' AND sequence = {wanted}"));
        Assert.Equal(wanted + 2, await _installation.ScalarAsync<long>(
            $"SELECT journal_sequence_at('job-long', order_txid, event_no + 1) FROM events WHERE subject_id = 'job-long' AND sequence = {wanted}"));
        Assert.Equal(
            await _installation.ScalarAsync<long>($"SELECT min(sequence) FROM events WHERE subject_id = 'job-long' AND order_txid >= (SELECT order_txid FROM events WHERE subject_id = 'job-long' AND sequence = {wanted})"),
            await _installation.ScalarAsync<long>($"SELECT journal_sequence_at('job-long', order_txid, 0) FROM events WHERE subject_id = 'job-long' AND sequence = {wanted}"));
        Assert.Equal(1, await _installation.ScalarAsync<long>("SELECT journal_sequence_at('job-none', '5', 0)"));
        Assert.Equal(2 * Rows, await _installation.ScalarAsync<long>("SELECT journal_sequence_at('job-long', '900000', 0)"));
    }

    [Fact]
    public async Task SomeJobs_AreReadByThemselves()
    {
        NpgsqlParameter[] ids = [new("subject_ids", new[] { "job-short", "job-other" })];
        Assert.Equal(5, await RowsAsync("journal_forward_of_subjects", Place(First), ids));
        Assert.Equal(5, await RowsAsync("journal_backward_of_subjects", Place(Last + 1), [new("subject_ids", new[] { "job-short", "job-other" })]));
    }

    [Fact]
    public async Task Instance_IsReadByItself()
    {
        // In the middle of a row of two.
        Assert.Equal(1, await RowsAsync("journal_forward_of_instance", Place(0), Instance()));
        Assert.Equal(1, await RowsAsync("journal_backward_of_instance", Place(Last + 1), Instance()));

        static NpgsqlParameter[] Instance() =>
        [
            new("subject_id", "job-long"), new("task_no", (object)0), new("instance_index", 40_001), new("max_span", InstanceSpan.MaxLength),
        ];
    }

    [Fact]
    public async Task InstanceWhoseNeighboursPostProgress_IsReadWithoutTheirs()
    {
        Assert.Equal(10, await RowsAsync("journal_forward_of_instance", Place(0), Instance()));
        Assert.Equal(10, await RowsAsync("journal_backward_of_instance", Place(Last + 1), Instance()));
        Assert.Equal(10, await RowsAsync("journal_attempts_of_instance", [new("row_limit", 10)], [.. Instance(), new("attempt", NpgsqlDbType.Integer) { Value = 1 }]));
        Assert.Equal(0, await RowsAsync("journal_attempts_of_instance", [new("row_limit", 10)], [.. Instance(), new("attempt", NpgsqlDbType.Integer) { Value = DBNull.Value }]));

        // The control: in one window with its neighbours, all of theirs are read and sorted.
        var together = SqlText.Load("ReadModel/Sql/journal_forward_of_instance.sql").Replace("span <> 1", "span > 0", StringComparison.Ordinal);
        Assert.InRange((await RunAsync(together, [.. Place(0), .. Instance()])).Pages, FewPages, long.MaxValue);

        static NpgsqlParameter[] Instance() =>
        [
            new("subject_id", "job-loud"), new("task_no", (object)0), new("instance_index", 999), new("max_span", InstanceSpan.MaxLength),
        ];
    }

    [Fact]
    public async Task LongJobReadUntilAPlace_IsNotReadBehindIt()
    {
        NpgsqlParameter[] PlaceBelow(ulong below) => [.. Place(First).Where(parameter => parameter.ParameterName != "below_txid"), new("below_txid", NpgsqlDbType.Xid8) { Value = below }, new("subject_id", "job-long")];
        Assert.Equal(7, await RowsAsync("journal_forward_of_subject", PlaceBelow(First + 7), []));

        // The control: without the end as a sequence, all rows behind it are read and thrown away.
        var blind = SqlText.Load("ReadModel/Sql/journal_forward_of_subject.sql").Replace("AND sequence <", "AND 0 <", StringComparison.Ordinal);
        Assert.InRange((await RunAsync(blind, PlaceBelow(First + 7))).Pages, FewPages, long.MaxValue);
    }

    [Theory]
    [InlineData("many77", null, null)]
    [InlineData(null, "many1999_", null)]
    [InlineData(null, null, "env-n77")]
    public async Task JobsOfANameOrAnEnvironment_AreFoundByAnIndex(string? name, string? pattern, string? env)
    {
        NpgsqlParameter[] wanted =
        [
            Text("job_name", name), Text("job_name_pattern", pattern), Text("env_id", env), Text("env_label", env is null ? null : $"env:{env}"),
            new("from_txid", NpgsqlDbType.Xid8) { Value = 1UL }, new("until", NpgsqlDbType.TimestampTz) { Value = DBNull.Value }, new("row_limit", 20_000),
        ];
        await RowsAsync("journal_subjects", [], wanted);

        static NpgsqlParameter Text(string parameter, string? value) => new(parameter, NpgsqlDbType.Text) { Value = (object?)value ?? DBNull.Value };
    }

    private static NpgsqlParameter[] Place(ulong txid) =>
    [
        new("txid", NpgsqlDbType.Xid8) { Value = txid }, new("event_no", (object)0L), new("below_txid", NpgsqlDbType.Xid8) { Value = 1_000_000UL }, new("row_limit", 10),
    ];

    /// <summary>Runs a statement, and looks that it touched few pages. Returns how many rows came.</summary>
    private async Task<long> RowsAsync(string statement, NpgsqlParameter[] place, NpgsqlParameter[] more)
    {
        var (rows, pages) = await RunAsync(SqlText.Load($"ReadModel/Sql/{statement}.sql"), [.. place, .. more]);
        Assert.True(pages < FewPages, $"{statement} touched {pages} pages.");
        return rows;
    }

    private async Task<(long Rows, long Pages)> RunAsync(string statement, NpgsqlParameter[] parameters)
    {
        // The places of these rows are no real transactions.
        var settled = statement.Replace("pg_snapshot_xmin(pg_current_snapshot())", "'1000000'::xid8", StringComparison.Ordinal);
        await using var command = _installation.DataSource.CreateCommand($"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {settled}");
        command.Parameters.AddRange(parameters);
        using var plan = JsonDocument.Parse((string)(await command.ExecuteScalarAsync())!);
        var root = plan.RootElement[0].GetProperty("Plan");
        return (root.GetProperty("Actual Rows").GetInt64(), root.GetProperty("Shared Hit Blocks").GetInt64() + root.GetProperty("Shared Read Blocks").GetInt64());
    }
}
