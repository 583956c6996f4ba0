using BatchPlane.Core.Database;
using NpgsqlTypes;

namespace BatchPlane.Database.Tests.ReadModel;

/// <summary>A filter that few of many dead letters pass must cost by those few.</summary>
public sealed class DeliveryFilterPlanTests : IAsyncLifetime
{
    private Installation _installation = null!;

    public async Task InitializeAsync()
    {
        _installation = await Installation.CreateAsync();
        await _installation.ExecuteAsync("""
            INSERT INTO delivery_exceptions (subject_id, sequence, topic_key, topic_name, state, reason, tries, last_tried_at)
            SELECT 'job-' || n / 100, n, CASE WHEN n <= 5 THEN 'rare' ELSE 'many' END, 'any', CASE WHEN n <= 5 THEN 'failed' ELSE 'unrouted' END, '', 1, now() + n * interval '1 second'
            FROM generate_series(1, 30000) AS n;
            ANALYZE delivery_exceptions
            """);
    }

    public async Task DisposeAsync() => await _installation.DisposeAsync();

    [Theory]
    [InlineData(null, null, "delivery_exceptions_time_idx")]
    [InlineData("failed", null, "delivery_exceptions_state_idx")]
    [InlineData(null, "rare", "delivery_exceptions_topic_idx")]
    public async Task SelectiveFilterOverManyDeadLetters_IsAnsweredByAnIndex(string? state, string? topic, string index)
    {
        await using var command = _installation.DataSource.CreateCommand("EXPLAIN " + SqlText.Load("ReadModel/Sql/deliveries_select.sql"));
        foreach (var (name, type, value) in new (string, NpgsqlDbType, object?)[]
        {
            ("subject_id", NpgsqlDbType.Text, null), ("sequence", NpgsqlDbType.Bigint, null), ("state", NpgsqlDbType.Text, state), ("topic_key", NpgsqlDbType.Text, topic),
            ("subscription_id", NpgsqlDbType.Text, null), ("since", NpgsqlDbType.TimestampTz, null), ("until", NpgsqlDbType.TimestampTz, null), ("with_subscriptions", NpgsqlDbType.Boolean, false),
            ("before", NpgsqlDbType.TimestampTz, null), ("before_subject", NpgsqlDbType.Text, null), ("before_sequence", NpgsqlDbType.Bigint, null), ("before_topic", NpgsqlDbType.Text, null),
            ("before_subscription", NpgsqlDbType.Text, null), ("row_limit", NpgsqlDbType.Integer, 21),
        })
        {
            command.Parameters.Add(new(name, type) { Value = value ?? DBNull.Value });
        }

        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
        {
            lines.Add(reader.GetString(0));
        }

        var plan = string.Join('\n', lines);
        Assert.Contains(index, plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Seq Scan on delivery_exceptions", plan, StringComparison.Ordinal);
    }
}
