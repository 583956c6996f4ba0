using System.Globalization;
using Npgsql;

namespace BatchPlane.Core.Database;

/// <summary>What came of looking at an invariant.</summary>
/// <param name="Name">Its name: the file below <c>Database/Invariants</c>.</param>
/// <param name="Violations">What is wrong, as <c>subject: problem</c>; empty when it holds, or was not looked at to the end.</param>
/// <param name="Count">How many there are: more than are told, maybe.</param>
/// <param name="IsChecked">False when the time was too short, or another server looks at it.</param>
public sealed record InvariantResult(string Name, IReadOnlyList<string> Violations, long Count, bool IsChecked);

/// <summary>
/// Looks whether what must hold in the database does: counters equal rows, what ended has one such event, sequences have no gap, and so on: the queries of
/// <c>Database/Invariants</c>, each of which returns what is wrong. Reads in one snapshot each, beside everything else that goes on.
/// </summary>
public sealed class InvariantChecker(NpgsqlDataSource dataSource)
{
    private const string Folder = "Database/Invariants/";

    /// <summary>Names of all invariants, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. SqlText.Paths.Where(path => path.StartsWith(Folder, StringComparison.Ordinal)).Select(path => path[Folder.Length..^".sql".Length]).Order(StringComparer.Ordinal)];

    /// <summary>Looks at one of <see cref="Names"/>, no longer than <paramref name="limit"/>; tells of at most <paramref name="maxViolations"/>.</summary>
    public async Task<InvariantResult> CheckAsync(string name, TimeSpan limit, int maxViolations, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var begin = new NpgsqlCommand(SqlText.Load("Database/Sql/invariant_begin.sql"), connection)
        {
            Parameters = { new("limit_ms", ((long)limit.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)) },
        };
        if (await begin.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return new(name, [], 0, IsChecked: false);
        }

        // PostgreSQL keeps the time; the client must not give up before it.
        await using var command = new NpgsqlCommand(SqlText.Load($"{Folder}{name}.sql"), connection) { CommandTimeout = 0 };
        try
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var violations = new List<string>();
            var count = 0L;
            for (; await reader.ReadAsync(cancellationToken); count++)
            {
                if (count < maxViolations)
                {
                    violations.Add($"{reader.GetString(0)}: {reader.GetString(1)}");
                }
            }

            return new(name, violations, count, IsChecked: true);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.QueryCanceled && !cancellationToken.IsCancellationRequested)
        {
            return new(name, [], 0, IsChecked: false);
        }
    }
}
