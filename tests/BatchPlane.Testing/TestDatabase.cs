using Npgsql;

namespace BatchPlane.Testing;

/// <summary>An empty database for one test or test class.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    // The server allows 200 connections to all tests together.
    private const int MaxPoolSize = 20;

    private readonly string _administration;
    private readonly string _name;

    private TestDatabase(string administration, string name, string connectionString)
    {
        _administration = administration;
        _name = name;
        ConnectionString = connectionString;
    }

    /// <summary>Npgsql connection string of a superuser; at most 20 pooled connections.</summary>
    public string ConnectionString { get; }

    internal static async Task<TestDatabase> CreateAsync(NpgsqlConnectionStringBuilder server)
    {
        var name = $"test_{Guid.NewGuid():N}";
        server.Pooling = false;
        var administration = server.ConnectionString;
        await ExecuteAsync(administration, $"CREATE DATABASE {name}");
        server.Pooling = true;
        server.MaxPoolSize = MaxPoolSize;
        server.Database = name;
        return new TestDatabase(administration, name, server.ConnectionString);
    }

    /// <summary>Drops the database, also while connections to it are open.</summary>
    public async ValueTask DisposeAsync()
    {
        await ExecuteAsync(_administration, $"DROP DATABASE IF EXISTS {_name} WITH (FORCE)");
        await using var connection = new NpgsqlConnection(ConnectionString);
        NpgsqlConnection.ClearPool(connection);
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
