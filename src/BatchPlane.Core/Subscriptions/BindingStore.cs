using BatchPlane.Core.Database;
using BatchPlane.Core.Topics;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.Subscriptions;

/// <summary>A subscription whose queue is not known to be bound.</summary>
/// <param name="SubscriptionId">Which.</param>
/// <param name="Revision">What it was when it was read.</param>
public sealed record UnboundSubscription(string SubscriptionId, long Revision);

/// <summary>
/// From when on RabbitMQ has the bindings of subscriptions. A change is stored first and made in RabbitMQ a moment later, or when it is back; of what the topic carries in between nobody can say whether
/// the queue got it. Only who had the answer, for what is still stored, says that it is over: a server that dies before it can leaves that to the next look of any other.
/// </summary>
public sealed class BindingStore(NpgsqlDataSource dataSource)
{
    /// <summary>Enabled subscriptions of a topic, or <paramref name="subscriptionId"/> of them, of which nobody has noted that their queues are bound. To be read before what is declared is.</summary>
    public async Task<IReadOnlyList<UnboundSubscription>> ListUnboundAsync(string topicName, string? subscriptionId, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Subscriptions/Sql/subscriptions_unbound.sql"));
        command.Parameters.AddWithValue("topic_key", TopicKey.Of(topicName));
        command.Parameters.Add(new("subscription_id", NpgsqlDbType.Text) { Value = (object?)subscriptionId ?? DBNull.Value });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var unbound = new List<UnboundSubscription>();
        while (await reader.ReadAsync(cancellationToken))
        {
            unbound.Add(new(reader.GetString(0), reader.GetInt64(1)));
        }

        return unbound;
    }

    /// <summary>RabbitMQ has answered that the queues of these are bound. Those that were changed since they were read are left alone.</summary>
    public async Task NoteBoundAsync(IReadOnlyCollection<UnboundSubscription> bound, CancellationToken cancellationToken)
    {
        if (bound.Count == 0)
        {
            return;
        }

        await using var command = dataSource.CreateCommand(SqlText.Load("Subscriptions/Sql/subscriptions_bound.sql"));
        command.Parameters.AddWithValue("subscription_ids", bound.Select(subscription => subscription.SubscriptionId).ToArray());
        command.Parameters.AddWithValue("revisions", bound.Select(subscription => subscription.Revision).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
