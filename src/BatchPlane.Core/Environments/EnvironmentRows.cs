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
        SlotsPerNode = Number(row, 5),
        Interest = NotificationInterest.FromColumn(row.GetFieldValue<int[]>(6)),
        LastSequence = row.GetInt64(7),
        JournalTxid = row.GetFieldValue<ulong>(8),
        DeleteRequestedAt = Time(row, 9),
        DeletedAt = Time(row, 10),
        IsDefault = row.GetBoolean(11),
        MinNodeCount = row.GetInt32(12),
        MaxNodeCount = Number(row, 13),
        IdleSeconds = row.GetInt32(14),
        ScaledNodeCount = Number(row, 15),
        ScaledFrom = Number(row, 16),
        InactiveAction = WireName.Parse<InactiveNodeAction>(row.GetString(17)),
        MaxRetryCount = row.GetInt32(18),
        FailedCreations = row.GetInt32(19),
        CpuPerNode = Number(row, 20),
        MemoryMibPerNode = Number(row, 21),
        ProviderSettings = row.GetString(22),
        ProviderState = row.GetString(23),
        Reason = Text(row, 24),
        JobId = Text(row, 25),
        TaskId = row.IsDBNull(26) ? null : row.GetInt64(26),
        TaskNo = Number(row, 27),
        KeepsTrying = row.GetBoolean(28),
        EarlyLosses = row.GetInt32(29),
    };

    internal static JobJournal ReadJob(NpgsqlDataReader row) => new()
    {
        JobId = row.GetString(0),
        Interest = NotificationInterest.FromColumn(row.GetFieldValue<int[]>(1)),
        LastSequence = row.GetInt64(2),
        JournalTxid = row.GetFieldValue<ulong>(3),
    };

    internal static NpgsqlBatchCommand Apply(JobJournal job) => Command(
        "Environments/Sql/environment_apply_to_job.sql",
        ("job_id", NpgsqlDbType.Text, job.JobId),
        ("last_sequence", NpgsqlDbType.Bigint, job.LastSequence));

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
        BusySlots = row.GetInt32(20),
        IdleSince = Time(row, 21),
        StartingUntil = Time(row, 22),
        ContainerEngine = Text(row, 23),
        KeptAttempts = row.GetInt32(24),
        WorkDirectory = Text(row, 25),
        Limits = Text(row, 26),
        PromisedCpuMillis = row.GetInt32(27),
        PromisedMemoryMib = row.GetInt32(28),
        Address = Text(row, 29),
        JoinId = Text(row, 30),
    };

    internal static NpgsqlBatchCommand Insert(EnvironmentRecord environment, EnvironmentDocument document, bool isDefault, string createdBy, string? tencent, DateTimeOffset now) => Command(
        "Environments/Sql/environment_insert.sql",
        ("env_id", NpgsqlDbType.Text, environment.EnvId),
        ("env_name", NpgsqlDbType.Text, environment.EnvName),
        ("env_description", NpgsqlDbType.Text, document.EnvDescription),
        ("state", NpgsqlDbType.Text, WireName.Of(environment.State)),
        ("provider", NpgsqlDbType.Text, WireName.Of(environment.Provider)),
        ("is_default", NpgsqlDbType.Boolean, isDefault),
        ("desired_node_count", NpgsqlDbType.Integer, environment.DesiredNodeCount),
        ("min_node_count", NpgsqlDbType.Integer, environment.MinNodeCount),
        ("max_node_count", NpgsqlDbType.Integer, environment.MaxNodeCount),
        ("idle_seconds", NpgsqlDbType.Integer, environment.IdleSeconds),
        ("inactive_action", NpgsqlDbType.Text, WireName.Of(environment.InactiveAction)),
        ("max_retry_count", NpgsqlDbType.Integer, environment.MaxRetryCount),
        ("slots_per_node", NpgsqlDbType.Integer, environment.SlotsPerNode),
        ("cpu_per_node", NpgsqlDbType.Integer, environment.CpuPerNode),
        ("memory_mib_per_node", NpgsqlDbType.Integer, environment.MemoryMibPerNode),
        ("provider_settings", NpgsqlDbType.Text, environment.ProviderSettings),
        ("notifications", NpgsqlDbType.Text, JsonSerializer.Serialize(document.Notifications, BatchPlaneJson.Options)),
        ("notification", NpgsqlDbType.Text, document.Notification is { } alibaba ? JsonSerializer.Serialize(alibaba, BatchPlaneJson.Options) : null),
        ("interest", NpgsqlDbType.Array | NpgsqlDbType.Integer, environment.Interest.ToColumn()),
        ("tags", NpgsqlDbType.Text, JsonSerializer.Serialize(document.Tags, BatchPlaneJson.Options)),
        ("created_by", NpgsqlDbType.Text, createdBy),
        ("tencent", NpgsqlDbType.Text, tencent),
        ("traceparent", NpgsqlDbType.Text, RequestTrace.Parent),
        ("last_sequence", NpgsqlDbType.Bigint, environment.LastSequence),
        ("now", NpgsqlDbType.TimestampTz, now));

    internal static NpgsqlBatchCommand Apply(EnvironmentRecord environment) => Command(
        "Environments/Sql/environment_apply_transition.sql",
        ("env_id", NpgsqlDbType.Text, environment.EnvId),
        ("state", NpgsqlDbType.Text, WireName.Of(environment.State)),
        ("last_sequence", NpgsqlDbType.Bigint, environment.LastSequence),
        ("delete_requested_at", NpgsqlDbType.TimestampTz, environment.DeleteRequestedAt),
        ("deleted_at", NpgsqlDbType.TimestampTz, environment.DeletedAt),
        ("scaled_node_count", NpgsqlDbType.Integer, environment.ScaledNodeCount),
        ("scaled_from", NpgsqlDbType.Integer, environment.ScaledFrom),
        ("failed_creations", NpgsqlDbType.Integer, environment.FailedCreations),
        ("early_losses", NpgsqlDbType.Integer, environment.EarlyLosses),
        ("provider_state", NpgsqlDbType.Text, environment.ProviderState),
        ("reason", NpgsqlDbType.Text, environment.Reason));

    /// <summary><paramref name="interest"/>, <paramref name="machines"/>: null: as it is.</summary>
    internal static NpgsqlBatchCommand Change(EnvironmentRecord environment, ChangeEnvironmentRequest change, NotificationInterest? interest, MachineChange? machines) => Command(
        "Environments/Sql/environment_change.sql",
        ("env_id", NpgsqlDbType.Text, environment.EnvId),
        ("env_name", NpgsqlDbType.Text, change.EnvName),
        ("env_description", NpgsqlDbType.Text, change.EnvDescription),
        ("tags", NpgsqlDbType.Text, change.Tags is null ? null : JsonSerializer.Serialize(change.Tags, BatchPlaneJson.Options)),
        ("interest", NpgsqlDbType.Array | NpgsqlDbType.Integer, interest?.ToColumn()),
        ("desired_node_count", NpgsqlDbType.Integer, environment.DesiredNodeCount),
        ("min_node_count", NpgsqlDbType.Integer, environment.MinNodeCount),
        ("max_node_count", NpgsqlDbType.Integer, environment.MaxNodeCount),
        ("idle_seconds", NpgsqlDbType.Integer, environment.IdleSeconds),
        ("inactive_action", NpgsqlDbType.Text, WireName.Of(environment.InactiveAction)),
        ("max_retry_count", NpgsqlDbType.Integer, environment.MaxRetryCount),
        ("slots", NpgsqlDbType.Integer, machines?.Slots),
        ("cpu", NpgsqlDbType.Integer, machines?.Cpu),
        ("memory_mib", NpgsqlDbType.Integer, machines?.MemoryMib),
        ("instance_types", NpgsqlDbType.Array | NpgsqlDbType.Text, machines?.InstanceTypes.ToArray()));

    internal static NpgsqlBatchCommand LowerDesired(EnvironmentRecord environment) => Command(
        "Environments/Sql/environment_lower_desired.sql",
        ("env_id", NpgsqlDbType.Text, environment.EnvId),
        ("desired_node_count", NpgsqlDbType.Integer, environment.DesiredNodeCount));

    internal static NpgsqlBatchCommand Insert(Activity activity) => Command(
        "Environments/Sql/activity_insert.sql",
        ("activity_id", NpgsqlDbType.Text, activity.ActivityId),
        ("env_id", NpgsqlDbType.Text, activity.EnvId),
        ("node_id", NpgsqlDbType.Text, activity.NodeId),
        ("instance_id", NpgsqlDbType.Text, activity.InstanceId),
        ("activity_type", NpgsqlDbType.Text, WireName.Of(activity.Type)),
        ("state", NpgsqlDbType.Text, WireName.Of(activity.State)),
        ("cause", NpgsqlDbType.Text, activity.Cause),
        ("reason", NpgsqlDbType.Text, activity.Reason),
        ("started_at", NpgsqlDbType.TimestampTz, activity.StartedAt),
        ("ended_at", NpgsqlDbType.TimestampTz, activity.EndedAt));

    internal static NpgsqlBatchCommand End(ActivityEnd end, DateTimeOffset now) => Command(
        "Environments/Sql/activity_end.sql",
        ("node_id", NpgsqlDbType.Text, end.NodeId),
        ("activity_type", NpgsqlDbType.Text, WireName.Of(end.Type)),
        ("state", NpgsqlDbType.Text, WireName.Of(end.State)),
        ("reason", NpgsqlDbType.Text, end.Reason),
        ("ended_at", NpgsqlDbType.TimestampTz, now));

    internal static NpgsqlBatchCommand Apply(NodeRecord node) => Command(
        "Environments/Sql/node_apply_transition.sql",
        ("node_id", NpgsqlDbType.Text, node.NodeId),
        ("env_id", NpgsqlDbType.Text, node.EnvId),
        ("state", NpgsqlDbType.Text, WireName.Of(node.State)),
        ("epoch", NpgsqlDbType.Bigint, node.Epoch),
        ("left_epoch", NpgsqlDbType.Bigint, node.LeftEpoch),
        ("join_id", NpgsqlDbType.Text, node.JoinId),
        ("origin", NpgsqlDbType.Text, node.IsAttached ? AttachedOrigin : "BATCH_CREATED"),
        ("instance_id", NpgsqlDbType.Text, node.InstanceId),
        ("provider_host", NpgsqlDbType.Text, node.ProviderHost),
        ("host_name", NpgsqlDbType.Text, node.HostName),
        ("address", NpgsqlDbType.Text, node.Address),
        ("agent_version", NpgsqlDbType.Text, node.AgentVersion),
        ("cpu", NpgsqlDbType.Integer, node.Cpu),
        ("memory_gib", NpgsqlDbType.Integer, node.MemoryGib),
        ("memory_mib", NpgsqlDbType.Integer, node.MemoryMib),
        ("slots", NpgsqlDbType.Integer, node.Slots),
        ("container_engine", NpgsqlDbType.Text, node.ContainerEngine),
        ("limits", NpgsqlDbType.Text, node.Limits),
        ("reason", NpgsqlDbType.Text, node.Reason),
        ("failures", NpgsqlDbType.Integer, node.Failures),
        ("lease_until", NpgsqlDbType.TimestampTz, node.LeaseUntil),
        ("resource_created_at", NpgsqlDbType.TimestampTz, node.ResourceCreatedAt),
        ("created_at", NpgsqlDbType.TimestampTz, node.CreatedAt),
        ("state_since", NpgsqlDbType.TimestampTz, node.StateSince),
        ("deleted_at", NpgsqlDbType.TimestampTz, node.DeletedAt),
        ("starting_until", NpgsqlDbType.TimestampTz, node.StartingUntil),
        ("work_directory", NpgsqlDbType.Text, node.WorkDirectory));

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

    private static int? Number(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt32(column);

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
