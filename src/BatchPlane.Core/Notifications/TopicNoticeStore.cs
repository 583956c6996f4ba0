using BatchPlane.Core.Database;
using Npgsql;

namespace BatchPlane.Core.Notifications;

/// <summary>What a topic is still to be told about one of its own subscriptions: that it was disabled.</summary>
/// <param name="NoticeId">Subject of its message id, the same however often it is sent.</param>
/// <param name="TopicName">Which topic.</param>
/// <param name="SubscriptionId">Which subscription.</param>
/// <param name="Reason">Why, in words.</param>
/// <param name="CreatedAt">When it was disabled.</param>
public sealed record TopicNotice(string NoticeId, string TopicName, string SubscriptionId, string Reason, DateTimeOffset CreatedAt);

/// <summary>Notices that wait to be sent. Written by the statement that disables a subscription; gone with their topic.</summary>
public sealed class TopicNoticeStore(NpgsqlDataSource dataSource)
{
    /// <summary>The oldest, at most <paramref name="limit"/>.</summary>
    public async Task<IReadOnlyList<TopicNotice>> ListAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Notifications/Sql/topic_notices_select.sql"));
        command.Parameters.AddWithValue("limit", limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var notices = new List<TopicNotice>();
        while (await reader.ReadAsync(cancellationToken))
        {
            notices.Add(new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetFieldValue<DateTimeOffset>(4)));
        }

        return notices;
    }

    /// <summary>One was sent.</summary>
    public async Task ForgetAsync(string noticeId, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(SqlText.Load("Notifications/Sql/topic_notices_delete.sql"));
        command.Parameters.AddWithValue("notice_id", noticeId);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
