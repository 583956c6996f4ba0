using Npgsql;

namespace BatchPlane.Bench.Stack;

/// <summary>
/// Holds back what is journalled after it was closed: a transaction that stays open, as readers of the journal wait for older ones.
/// Opening it gives everything to a dispatcher that runs and is warm, at one moment.
/// </summary>
internal sealed class JournalGate : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private JournalGate(NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        _connection = connection;
        _transaction = transaction;
    }

    internal static async Task<JournalGate> CloseAsync(BenchStack stack, CancellationToken cancellation)
    {
        var connection = await stack.Database.OpenConnectionAsync(cancellation);
        var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var command = new NpgsqlCommand("SELECT pg_current_xact_id()::text", connection, transaction);
        await command.ExecuteScalarAsync(cancellation);
        return new JournalGate(connection, transaction);
    }

    internal Task OpenAsync(CancellationToken cancellation) => _transaction.CommitAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
