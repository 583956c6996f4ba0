using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace BatchPlane.Core.Database;

/// <summary>
/// Brings the schema up to date at start. Each migration runs in a transaction of its own under one advisory lock, so that
/// servers starting together wait for each other. A migration that changed after it was applied stops the start.
/// </summary>
public sealed partial class MigrationRunner(NpgsqlDataSource dataSource, ILogger<MigrationRunner> logger)
{
    private const string Folder = "Database/Migrations/";

    /// <summary>Applies what is missing, oldest first. Throws <see cref="InvalidOperationException"/> when the database is newer than this program or a migration was edited.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await ExecuteAsync(connection, "Database/Sql/migration_lock.sql", cancellationToken);
        try
        {
            await ExecuteAsync(connection, "Database/Sql/schema_migrations_create.sql", cancellationToken);
            var applied = await AppliedAsync(connection, cancellationToken);
            var known = Known();
            Check(applied, known);
            foreach (var migration in known.Where(migration => !applied.ContainsKey(migration.Version)))
            {
                await ApplyAsync(connection, migration, cancellationToken);
                Log.Applied(logger, migration.Name);
            }
        }
        finally
        {
            await ExecuteAsync(connection, "Database/Sql/migration_unlock.sql", CancellationToken.None);
        }
    }

    private static List<Migration> Known() =>
        [.. SqlText.Paths.Where(path => path.StartsWith(Folder, StringComparison.Ordinal)).Select(Migration.Load)];

    private static void Check(Dictionary<int, string> applied, List<Migration> known)
    {
        foreach (var (version, checksum) in applied)
        {
            var migration = known.Find(candidate => candidate.Version == version)
                ?? throw new InvalidOperationException(
                    $"The database has migration {version}, which this version of BatchPlane does not know. Start the newer version.");
            if (migration.Checksum != checksum)
            {
                throw new InvalidOperationException($"Migration {migration.Name} is not the one that was applied to this database.");
            }
        }
    }

    private static async Task<Dictionary<int, string>> AppliedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(SqlText.Load("Database/Sql/schema_migrations_select.sql"), connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var applied = new Dictionary<int, string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            applied.Add(reader.GetInt32(0), reader.GetString(1));
        }

        return applied;
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, Migration migration, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var command = new NpgsqlCommand(migration.Text, connection, transaction))
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        await using (var command = new NpgsqlCommand(SqlText.Load("Database/Sql/schema_migrations_insert.sql"), connection, transaction))
        {
            command.Parameters.AddWithValue("version", migration.Version);
            command.Parameters.AddWithValue("name", migration.Name);
            command.Parameters.AddWithValue("checksum", migration.Checksum);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string path, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(SqlText.Load(path), connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private sealed record Migration(int Version, string Name, string Text, string Checksum)
    {
        internal static Migration Load(string path)
        {
            var name = path[Folder.Length..^".sql".Length];
            var text = SqlText.Load(path);
            return new(
                int.Parse(name[..4], CultureInfo.InvariantCulture),
                name,
                text,
                Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(7000, LogLevel.Information, "Applied migration {Migration}")]
        internal static partial void Applied(ILogger logger, string migration);
    }
}
