using System.Text.Json;
using BatchPlane.Contracts;
using Npgsql;

namespace BatchPlane.Core.Notifications;

/// <summary>Reads the columns that all selects of subscriptions begin with.</summary>
internal static class SubscriptionRows
{
    /// <summary>Number of the first column after the common ones.</summary>
    internal const int Next = 22;

    internal static SubscriptionView ReadView(NpgsqlDataReader reader) => new()
    {
        SubscriptionId = reader.GetString(0),
        TopicName = reader.GetString(1),
        Protocol = WireName.Parse<SubscriptionProtocol>(reader.GetString(2)),
        Endpoint = reader.GetString(3),
        Bindings = reader.GetFieldValue<string[]>(4),
        Enabled = reader.GetBoolean(5),
        Format = WireName.Parse<SubscriptionFormat>(reader.GetString(6)),
        Push = WireName.ParseNullable<PushForm>(Text(reader, 7)),
        ContentFormat = WireName.ParseNullable<PushContent>(Text(reader, 8)),
        MaxInFlight = reader.IsDBNull(9) ? null : reader.GetInt32(9),
        Retry = Text(reader, 10) is { } retry ? JsonSerializer.Deserialize<RetryDocument>(retry, BatchPlaneJson.Options) : null,
        PreviousSecretUntil = Time(reader, 11),
        DisabledReason = Text(reader, 12),
        DisabledAt = Time(reader, 13),
        FailingSince = Time(reader, 14),
        LastDeliveredAt = Time(reader, 15),
        LastFailedAt = Time(reader, 16),
        LastStatus = reader.IsDBNull(17) ? null : reader.GetInt32(17),
        LastReason = Text(reader, 18),
        CreatedAt = reader.GetFieldValue<DateTimeOffset>(19),
        MaxAgeSeconds = reader.IsDBNull(20) ? null : reader.GetInt32(20),
        MaxQueueBytes = reader.IsDBNull(21) ? null : reader.GetInt64(21),
    };

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static DateTimeOffset? Time(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
