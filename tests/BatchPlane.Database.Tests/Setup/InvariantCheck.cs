using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Database.Tests;

/// <summary>Runs the queries of Database/Invariants; each row they return is a violation.</summary>
internal static class InvariantCheck
{
    /// <summary>Violations of all invariants as <c>name: subject: problem</c>; empty when the database is sound.</summary>
    internal static async Task<List<string>> RunAllAsync(NpgsqlConnection connection)
    {
        var violations = new List<string>();
        foreach (var name in InvariantChecker.Names)
        {
            violations.AddRange(await RunAsync(connection, name));
        }

        return violations;
    }

    /// <summary>Violations of one invariant, within the connection's transaction if it is in one.</summary>
    internal static async Task<List<string>> RunAsync(NpgsqlConnection connection, string name)
    {
        await using var command = new NpgsqlCommand(SqlText.Load($"Database/Invariants/{name}.sql"), connection);
        await using var reader = await command.ExecuteReaderAsync();
        var violations = new List<string>();
        while (await reader.ReadAsync())
        {
            violations.Add($"{name}: {reader.GetString(0)}: {reader.GetString(1)}");
        }

        return violations;
    }
}
