using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Journal;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.Listeners;

/// <summary>A listener that this server runs until its lease ends.</summary>
/// <param name="Name">Which.</param>
/// <param name="Epoch">Every write about it carries it.</param>
/// <param name="Place">How far it took the journal.</param>
/// <param name="Failures">Calls that failed since the last that did not.</param>
/// <param name="RetryIn">Not to be called before; zero: at once.</param>
/// <param name="Gap">A gap it has not been told of, in words; null: none.</param>
public sealed record ListenerLease(string Name, long Epoch, JournalPosition Place, int Failures, TimeSpan RetryIn, string? Gap);

/// <summary>
/// Tables <c>event_listeners</c> and <c>listener_load_errors</c>: who runs which listener, how far each took the journal, and how it fares. All times are the database clock's. Methods that take a lease
/// return false, and write nothing, when it was lost: taken over, paused or moved by a user.
/// </summary>
public sealed class ListenerStore(NpgsqlDataSource dataSource)
{
    /// <summary>Most characters of an error that are kept.</summary>
    public const int MaxErrorLength = 2_000;

    /// <summary>Makes listeners known that a server has loaded; those that are new begin behind what there is, or at the beginning of the journal.</summary>
    public async Task RegisterAsync(IReadOnlyCollection<string> names, bool fromOldest, CancellationToken cancellationToken) =>
        await ExecuteAsync("register", cancellationToken, new("names", names.ToArray()), new("from_oldest", fromOldest));

    /// <summary>Says what a server could not load, by name. It is shown while the server lives: for <paramref name="lease"/>, and as often as it is renewed.</summary>
    public async Task AddLoadErrorsAsync(string holder, IReadOnlyDictionary<string, string> errors, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Listeners/Sql/listener_load_errors_insert.sql"));
        command.Parameters.AddWithValue("holder", holder);
        command.Parameters.AddWithValue("lease", lease);
        command.Parameters.AddWithValue("plug_ins", errors.Keys.Select(name => StoredText.Of(name, MaxErrorLength)).ToArray());
        command.Parameters.AddWithValue("errors", errors.Values.Select(error => StoredText.Of(error, MaxErrorLength)).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Says that a server lives which could not load something.</summary>
    public async Task RenewLoadErrorsAsync(string holder, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Listeners/Sql/listener_load_errors_renew.sql"));
        command.Parameters.AddWithValue("holder", holder);
        command.Parameters.AddWithValue("lease", lease);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Forgets what a server could not load, which stops.</summary>
    public async Task RemoveLoadErrorsAsync(string holder, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Listeners/Sql/listener_load_errors_delete.sql"));
        command.Parameters.AddWithValue("holder", holder);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Takes it, if nobody runs it and it is not paused; null otherwise. One that was forgotten becomes known again.</summary>
    public async Task<ListenerLease?> ClaimAsync(string name, string holder, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = Command("claim", new("name", name), new("holder", holder), new("lease", lease), new("gap", $"a user had {name} forgotten while a server has it"));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(
                name,
                reader.GetInt64(0),
                new(reader.GetFieldValue<ulong>(1), reader.GetInt64(2), reader.GetInt32(3)),
                reader.GetInt32(4),
                reader.IsDBNull(5) ? TimeSpan.Zero : reader.GetFieldValue<TimeSpan>(5),
                reader.IsDBNull(6) ? null : reader.GetString(6))
            : null;
    }

    /// <summary>Renews the lease.</summary>
    public async Task<bool> RenewAsync(ListenerLease held, TimeSpan lease, CancellationToken cancellationToken) =>
        await ExecuteAsync("renew", cancellationToken, new("name", held.Name), new("epoch", held.Epoch), new("lease", lease)) == 1;

    /// <summary>Moves its place over what it took; nothing has failed any more.</summary>
    public async Task<bool> MoveAsync(ListenerLease held, JournalPosition place, int handled, CancellationToken cancellationToken) => await ExecuteAsync(
        "move",
        cancellationToken,
        new("name", held.Name),
        new("epoch", held.Epoch),
        TxId(place),
        new("event_no", place.EventNo),
        new("count", place.Count),
        new("handled", (long)handled)) == 1;

    /// <summary>Notes a failure. Returns how many there were in a row; null when the lease was lost.</summary>
    public async Task<int?> FailAsync(ListenerLease held, string error, TimeSpan pause, CancellationToken cancellationToken)
    {
        await using var command = Command("fail", new("name", held.Name), new("epoch", held.Epoch), new("error", StoredText.Of(error, MaxErrorLength)), new("pause", pause));
        return (int?)await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>Moves its place over what is not kept any more and notes the gap.</summary>
    public async Task<bool> NoteGapAsync(ListenerLease held, JournalPosition gone, string gap, CancellationToken cancellationToken) => await ExecuteAsync(
        "note_gap",
        cancellationToken,
        new("name", held.Name),
        new("epoch", held.Epoch),
        TxId(gone),
        new("event_no", gone.EventNo),
        new("gap", gap)) == 1;

    /// <summary>Gives it back.</summary>
    public async Task ReleaseAsync(ListenerLease held, CancellationToken cancellationToken) =>
        await ExecuteAsync("release", cancellationToken, new("name", held.Name), new("epoch", held.Epoch));

    /// <summary>Pauses it. False: there is none of this name.</summary>
    public async Task<bool> PauseAsync(string name, CancellationToken cancellationToken) =>
        await ExecuteAsync("pause", cancellationToken, new NpgsqlParameter("name", name)) == 1;

    /// <summary>Resumes it, where it stopped or, when <paramref name="skipsAs"/> says why, behind everything there is now. False: there is none of this name.</summary>
    public async Task<bool> ResumeAsync(string name, string? skipsAs, CancellationToken cancellationToken) => await ExecuteAsync(
        "resume",
        cancellationToken,
        new("name", name),
        new("skip", skipsAs is not null),
        new("gap", NpgsqlDbType.Text) { Value = (object?)skipsAs ?? DBNull.Value }) == 1;

    /// <summary>Forgets it, or that it could not be loaded. Null: there is none of this name; false: a server runs it.</summary>
    public async Task<bool?> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await using var command = Command("delete", new NpgsqlParameter("name", name));
        return (bool?)await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>At most <paramref name="limit"/> of them by name, behind the given one. Of what each has before it, at most <paramref name="rowLimit"/> rows are counted.</summary>
    public async Task<IReadOnlyList<ListenerView>> ListAsync(string? after, int limit, int rowLimit, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(SqlText.Load("Database/Sql/without_jit.sql")),
                new(SqlText.Load("Listeners/Sql/event_listeners_select.sql"))
                {
                    Parameters = { new("row_limit", rowLimit), new("listener_limit", limit), new("after", NpgsqlDbType.Text) { Value = (object?)after ?? DBNull.Value } },
                },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var views = new List<ListenerView>();
        while (await reader.ReadAsync(cancellationToken))
        {
            views.Add(Read(reader, rowLimit));
        }

        return views;
    }

    private static ListenerView Read(NpgsqlDataReader reader, int rowLimit)
    {
        DateTimeOffset? Time(int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
        var view = new ListenerView
        {
            ListenerName = reader.GetString(0),
            State = ListenerState.Unavailable,
            Server = Text(1),
            PausedAt = Time(2),
            HandledEvents = reader.GetInt64(3),
            MovedAt = Time(4),
            Failures = reader.GetInt32(5),
            RetryAt = Time(6),
            LastError = Text(7),
            LastFailedAt = Time(8),
            LoadError = Text(9),
            Gaps = reader.GetInt32(10),
            LastGapAt = Time(11),
            LastGap = Text(12),
            PendingEvents = reader.GetInt64(13),
            SecondsBehind = Math.Round(reader.GetDouble(14), 3),
            AtLeast = reader.GetInt32(15) == rowLimit,
        };
        return view with { State = StateOf(view) };
    }

    private static ListenerState StateOf(ListenerView view) =>
        view.PausedAt is not null ? ListenerState.Paused
        : view.Server is null ? ListenerState.Unavailable
        : view.Failures > 0 ? ListenerState.Retrying
        : ListenerState.Running;

    private static NpgsqlParameter TxId(JournalPosition place) => new("txid", NpgsqlDbType.Xid8) { Value = place.TxId };

    private NpgsqlCommand Command(string name, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = dataSource.CreateCommand(SqlText.Load($"Listeners/Sql/event_listeners_{name}.sql"));
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private async Task<int> ExecuteAsync(string name, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        await using var command = Command(name, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
