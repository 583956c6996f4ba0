using System.Text.Json;
using BatchPlane.Contracts;
using Npgsql;

namespace BatchPlane.Core.Subscriptions;

/// <summary>Reads the columns that all selects of subscriptions begin with.</summary>
internal static class SubscriptionRows
{
    /// <summary>Number of the first column after the common ones.</summary>
    internal const int Next = 24;

    internal static SubscriptionView ReadView(NpgsqlDataReader reader) => new()
    {
        SubscriptionId = reader.GetString(0),
        TopicName = reader.GetString(1),
        SubscriptionName = Text(reader, 2),
        Protocol = WireName.Parse<SubscriptionProtocol>(reader.GetString(3)),
        Endpoint = reader.GetString(4),
        Bindings = reader.GetFieldValue<string[]>(5),
        Enabled = reader.GetBoolean(6),
        Format = WireName.Parse<SubscriptionFormat>(reader.GetString(7)),
        Push = WireName.ParseNullable<PushForm>(Text(reader, 8)),
        ContentFormat = WireName.ParseNullable<PushContent>(Text(reader, 9)),
        MaxInFlight = reader.IsDBNull(10) ? null : reader.GetInt32(10),
        Retry = Text(reader, 11) is { } retry ? JsonSerializer.Deserialize<RetryDocument>(retry, BatchPlaneJson.Options) : null,
        PreviousSecretUntil = Time(reader, 12),
        DisabledReason = Text(reader, 13),
        DisabledAt = Time(reader, 14),
        FailingSince = Time(reader, 15),
        LastDeliveredAt = Time(reader, 16),
        LastFailedAt = Time(reader, 17),
        LastStatus = reader.IsDBNull(18) ? null : reader.GetInt32(18),
        LastReason = Text(reader, 19),
        CreatedAt = reader.GetFieldValue<DateTimeOffset>(20),
        MaxAgeSeconds = reader.IsDBNull(21) ? null : reader.GetInt32(21),
        MaxQueueBytes = reader.IsDBNull(22) ? null : reader.GetInt64(22),
        Filter = Text(reader, 23) is { } filter ? JsonSerializer.Deserialize<EventFilterDocument>(filter, BatchPlaneJson.Options) : null,
    };

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static DateTimeOffset? Time(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
