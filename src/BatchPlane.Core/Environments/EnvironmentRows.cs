using System.Diagnostics;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Notifications;
using Npgsql;
using NpgsqlTypes;

namespace BatchPlane.Core.Environments;

/// <summary>Between the records of environments and nodes and the columns of their statements.</summary>
internal static class EnvironmentRows
{
    internal static EnvironmentRecord ReadEnvironment(NpgsqlDataReader row) => new()
    {
        EnvId = row.GetString(0),
        EnvName = row.GetString(1),
        State = WireName.Parse<EnvironmentState>(row.GetString(2)),
        Provider = WireName.Parse<NodeProvider>(row.GetString(3)),
        DesiredNodeCount = row.GetInt32(4),
        SlotsPerNode = row.IsDBNull(5) ? null : row.GetInt32(5),
        Interest = NotificationInterest.FromColumn(row.GetFieldValue<int[]>(6)),
        LastSequence = row.GetInt64(7),
        JournalTxid = row.GetFieldValue<ulong>(8),
        DeleteRequestedAt = Time(row, 9),
        DeletedAt = Time(row, 10),
        IsDefault = row.GetBoolean(11),
    };

    internal static NodeRecord ReadNode(NpgsqlDataReader row) => new()
    {
        NodeId = row.GetString(0),
        EnvId = row.GetString(1),
        State = WireName.Parse<NodeState>(row.GetString(2)),
        Epoch = row.GetInt64(3),
        IsAttached = row.GetString(4) == AttachedOrigin,
        InstanceId = row.GetString(5),
        ProviderHost = Text(row, 6),
        HostName = Text(row, 7),
        AgentVersion = Text(row, 8),
        Cpu = row.GetInt32(9),
        MemoryGib = row.GetInt32(10),
        Slots = row.GetInt32(11),
        Reason = Text(row, 12),
        Failures = row.GetInt32(13),
        LeaseUntil = Time(row, 14),
        ResourceCreatedAt = Time(row, 15),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(16),
        StateSince = row.GetFieldValue<DateTimeOffset>(17),
        DeletedAt = Time(row, 18),
        MemoryMib = row.GetInt32(19),
        ContainerEngine = Text(row, 20),
    };

    internal static NpgsqlBatchCommand Insert(EnvironmentRecord environment, EnvironmentDocument document, bool isDefault, string createdBy, DateTimeOffset now) => Command(
        "Environments/Sql/environment_insert.sql",
        ("env_id", NpgsqlDbType.Text, environment.EnvId),
        ("env_name", NpgsqlDbType.Text, environment.EnvName),
        ("env_description", NpgsqlDbType.Text, document.EnvDescription),
        ("state", NpgsqlDbType.Text, WireName.Of(environment.State)),
        ("provider", NpgsqlDbType.Text, WireName.Of(environment.Provider)),
        ("is_default", NpgsqlDbType.Boolean, isDefault),
        ("desired_node_count", NpgsqlDbType.Integer, environment.DesiredNodeCount),
        ("slots_per_node", NpgsqlDbType.Integer, environment.SlotsPerNode),
        ("notifications", NpgsqlDbType.Text, JsonSerializer.Serialize(document.Notifications, BatchPlaneJson.Options)),
        ("interest", NpgsqlDbType.Array | NpgsqlDbType.Integer, environment.Interest.ToColumn()),
        ("tags", NpgsqlDbType.Text, JsonSerializer.Serialize(document.Tags, BatchPlaneJson.Options)),
        ("created_by", NpgsqlDbType.Text, createdBy),
        ("traceparent", NpgsqlDbType.Text, Activity.Current?.Id),
        ("last_sequence", NpgsqlDbType.Bigint, environment.LastSequence),
        ("now", NpgsqlDbType.TimestampTz, now));

    internal static NpgsqlBatchCommand Apply(EnvironmentRecord environment) => Command(
        "Environments/Sql/environment_apply_transition.sql",
        ("env_id", NpgsqlDbType.Text, environment.EnvId),
        ("state", NpgsqlDbType.Text, WireName.Of(environment.State)),
        ("last_sequence", NpgsqlDbType.Bigint, environment.LastSequence),
        ("delete_requested_at", NpgsqlDbType.TimestampTz, environment.DeleteRequestedAt),
        ("deleted_at", NpgsqlDbType.TimestampTz, environment.DeletedAt));

    internal static NpgsqlBatchCommand Apply(NodeRecord node) => Command(
        "Environments/Sql/node_apply_transition.sql",
        ("node_id", NpgsqlDbType.Text, node.NodeId),
        ("env_id", NpgsqlDbType.Text, node.EnvId),
        ("state", NpgsqlDbType.Text, WireName.Of(node.State)),
        ("epoch", NpgsqlDbType.Bigint, node.Epoch),
        ("origin", NpgsqlDbType.Text, node.IsAttached ? AttachedOrigin : "BATCH_CREATED"),
        ("instance_id", NpgsqlDbType.Text, node.InstanceId),
        ("provider_host", NpgsqlDbType.Text, node.ProviderHost),
        ("host_name", NpgsqlDbType.Text, node.HostName),
        ("agent_version", NpgsqlDbType.Text, node.AgentVersion),
        ("cpu", NpgsqlDbType.Integer, node.Cpu),
        ("memory_gib", NpgsqlDbType.Integer, node.MemoryGib),
        ("memory_mib", NpgsqlDbType.Integer, node.MemoryMib),
        ("slots", NpgsqlDbType.Integer, node.Slots),
        ("container_engine", NpgsqlDbType.Text, node.ContainerEngine),
        ("reason", NpgsqlDbType.Text, node.Reason),
        ("failures", NpgsqlDbType.Integer, node.Failures),
        ("lease_until", NpgsqlDbType.TimestampTz, node.LeaseUntil),
        ("resource_created_at", NpgsqlDbType.TimestampTz, node.ResourceCreatedAt),
        ("created_at", NpgsqlDbType.TimestampTz, node.CreatedAt),
        ("state_since", NpgsqlDbType.TimestampTz, node.StateSince),
        ("deleted_at", NpgsqlDbType.TimestampTz, node.DeletedAt));

    private const string AttachedOrigin = "USER_ATTACHED";

    private static NpgsqlBatchCommand Command(string path, params ReadOnlySpan<(string Name, NpgsqlDbType Type, object? Value)> parameters)
    {
        var command = new NpgsqlBatchCommand(SqlText.Load(path));
        foreach (var (name, type, value) in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter(name, type) { Value = value ?? DBNull.Value });
        }

        return command;
    }

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
