using Npgsql;

namespace BatchPlane.Core.Database;

/// <summary>Hands out numbers from blocks of <see cref="Size"/> that one statement takes from a sequence. Numbers of a block not used up at the end are lost.</summary>
public sealed class IdBlock(NpgsqlDataSource dataSource, string sqlPath) : IDisposable
{
    /// <summary>Numbers in a block: INCREMENT of the sequences.</summary>
    public const int Size = 256;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private long _next;
    private long _end;

    /// <summary>Takes <paramref name="count"/> numbers, distinct, not always consecutive.</summary>
    public async ValueTask<IReadOnlyList<long>> TakeAsync(int count, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var taken = new long[count];
            for (var n = 0; n < count; n++)
            {
                if (_next == _end)
                {
                    await using var command = dataSource.CreateCommand(SqlText.Load(sqlPath));
                    _next = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
                    _end = _next + Size;
                }

                taken[n] = _next++;
            }

            return taken;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _gate.Dispose();
}
