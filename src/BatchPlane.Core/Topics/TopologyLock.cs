using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Core.Topics;

/// <summary>
/// Who holds it alone makes or takes away what a topic has in RabbitMQ. Without it, what one server found superfluous could be taken away just after another had made it anew. Ends with its connection
/// at the latest, so what is done under it has to be safe to repeat and is looked at once more before it is forgotten.
/// </summary>
public sealed class TopologyLock : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly string _topicKey;

    private TopologyLock(NpgsqlConnection connection, string topicKey)
    {
        _connection = connection;
        _topicKey = topicKey;
    }

    /// <summary>Waits for the lock of a topic, in whatever spelling, at most as long as any statement.</summary>
    public static async Task<TopologyLock> TakeAsync(NpgsqlDataSource dataSource, string topicName, CancellationToken cancellationToken)
    {
        var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        try
        {
            var held = new TopologyLock(connection, TopicKey.Of(topicName));
            await held.ExecuteAsync("Topics/Sql/topology_lock.sql", cancellationToken);
            return held;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await using (_connection)
        {
            try
            {
                await ExecuteAsync("Topics/Sql/topology_unlock.sql", CancellationToken.None);
            }
            catch (NpgsqlException)
            {
                // The connection is gone, and the lock with it.
            }
        }
    }

    private async Task ExecuteAsync(string statement, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(SqlText.Load(statement), _connection);
        command.Parameters.AddWithValue("topic_key", _topicKey);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
