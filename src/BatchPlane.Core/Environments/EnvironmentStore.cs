using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Database;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Notifications;
using Npgsql;

namespace BatchPlane.Core.Environments;

/// <summary>Which incarnation of a node is the current one.</summary>
/// <param name="EnvId">Its environment.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="State">Its state.</param>
/// <param name="Size">All it has to give; zero until its agent reported in.</param>
public sealed record NodeHolder(string EnvId, long Epoch, NodeState State, ResourceAmounts Size);

/// <summary>
/// The only class that runs Environments/Sql. Every change locks the environment's row, lets <see cref="EnvironmentAggregate"/>
/// decide and stores what it decided, with the journal, in one transaction.
/// </summary>
public sealed partial class EnvironmentStore(NpgsqlDataSource dataSource, OutboxSignal outboxSignal)
{
    private const int MillisPerCpu = 1_000;

    /// <summary>More is not told apart: an agent's figure, whatever it is, makes a time that can be stored.</summary>
    private const double MaxIdleSeconds = 366 * 86_400d;

    /// <summary>Stores a validated environment.</summary>
    public Task<CreateEnvironmentOutcome> CreateAsync(EnvironmentDocument document, bool isDefault, string createdBy, IdempotencyKey? key, CancellationToken cancellationToken) =>
        CreateAsync(document, isDefault, createdBy, key, tencent: null, cancellationToken);

    /// <summary>The same for one that came in Tencent's words, which are kept with it; masked JSON.</summary>
    public async Task<CreateEnvironmentOutcome> CreateAsync(EnvironmentDocument document, bool isDefault, string createdBy, IdempotencyKey? key, TencentRequest? tencent, CancellationToken cancellationToken)
    {
        var environment = new EnvironmentRecord
        {
            EnvId = EntityId.New(EntityId.Environment),
            EnvName = document.EnvName,
            Provider = document.Provider,
            DesiredNodeCount = document.DesiredComputeNodeCount,
            MinNodeCount = document.MinComputeNodeCount,
            MaxNodeCount = document.MaxComputeNodeCount,
            IdleSeconds = document.IdleSeconds,
            InactiveAction = document.ActionIfComputeNodeInactive,
            MaxRetryCount = document.ResourceMaxRetryCount,
            SlotsPerNode = document.SlotsPerNode,
            ProviderSettings = document.Slurm is { } slurm ? JsonSerializer.Serialize(slurm, BatchPlaneJson.Options) : "{}",
            CpuPerNode = document.CpuPerNode,
            MemoryMibPerNode = document.MemoryMibPerNode,
            Interest = NotificationInterest.Of(document.Notifications, document.Tags),
        };
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (key is not null
            && (await IdempotencyStore.TakeAsync(connection, [(key, environment.EnvId)], cancellationToken)).TryGetValue((key.Scope, key.Key), out var used))
        {
            return used.BodyHash.AsSpan().SequenceEqual(key.BodyHash)
                ? new CreateEnvironmentOutcome.Created(used.ResourceId)
                : new CreateEnvironmentOutcome.KeyReused();
        }

        var aggregate = new EnvironmentAggregate(environment, [], await NowAsync(connection, cancellationToken));
        aggregate.Open(createdBy);
        await using (var insert = new NpgsqlBatch(connection) { BatchCommands = { EnvironmentRows.Insert(environment, document, isDefault, createdBy, tencent, aggregate.Now) } })
        {
            if (await insert.ExecuteScalarAsync(cancellationToken) is null)
            {
                return new CreateEnvironmentOutcome.NameTaken();
            }
        }

        await using (var journal = new NpgsqlBatch(connection) { BatchCommands = { JournalRows.Insert([.. aggregate.Journal.Select(entry => (entry, 0UL))]) } })
        {
            await journal.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        Ring(aggregate);
        return new CreateEnvironmentOutcome.Created(environment.EnvId);
    }

    /// <summary>Changes one environment and its nodes; null when there is none of this id. What <paramref name="decide"/> returns is returned after the commit.</summary>
    public async Task<TResult?> ChangeAsync<TResult>(string envId, Func<EnvironmentAggregate, TResult> decide, CancellationToken cancellationToken)
        where TResult : class
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await LoadAsync(connection, envId, cancellationToken) is not { } aggregate)
        {
            return null;
        }

        var result = decide(aggregate);
        await StoreAsync(connection, aggregate, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Ring(aggregate);
        return result;
    }

    /// <summary>Notes the wish that an environment goes, unless unfinished tasks need it.</summary>
    public async Task<DeleteEnvironmentOutcome> DeleteAsync(string envId, string source, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await LoadAsync(connection, envId, cancellationToken) is not { } aggregate)
        {
            return new DeleteEnvironmentOutcome.NotFound();
        }

        if (aggregate.Environment.IsDefault)
        {
            return new DeleteEnvironmentOutcome.IsDefault();
        }

        if (aggregate.Environment.JobId is { } jobId)
        {
            return new DeleteEnvironmentOutcome.OfTask(jobId);
        }

        await using (var command = Command(connection, "Environments/Sql/task_count_unfinished.sql", ("env_id", envId)))
        {
            if (await command.ExecuteScalarAsync(cancellationToken) is long unfinished and > 0)
            {
                return new DeleteEnvironmentOutcome.InUse(unfinished);
            }
        }

        var isNew = aggregate.RequestDelete(source);
        await StoreAsync(connection, aggregate, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Ring(aggregate);
        return new DeleteEnvironmentOutcome.Accepted(aggregate.Environment.State, !isNew);
    }

    /// <summary>Takes a sign of life; the node's state now, null when the epoch is not its own any more.</summary>
    public async Task<NodeState?> HeartbeatAsync(string nodeId, HeartbeatRequest vitals, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var command = Command(
            connection,
            "Environments/Sql/node_heartbeat.sql",
            ("node_id", nodeId),
            ("epoch", vitals.Epoch),
            ("lease_seconds", lease.TotalSeconds),
            ("load_average", vitals.Load),
            ("memory_free_mib", vitals.MemoryFreeMib),
            ("disk_free_mib", vitals.DiskFreeMib),
            ("disk_total_mib", vitals.DiskTotalMib),
            ("running_attempts", vitals.Running),
            ("busy_slots", vitals.BusySlots),
            ("promised_cpu_millis", vitals.PromisedCpuMillis),
            ("promised_memory_mib", vitals.PromisedMemoryMib),
            ("kept_attempts", Math.Max(0, vitals.KeptAttempts)),
            ("ends_per_second", vitals.EndsPerSecond),
            ("idle_seconds", vitals.IdleSeconds is { } idle ? Math.Clamp(idle, 0, MaxIdleSeconds) : null));
        return await command.ExecuteScalarAsync(cancellationToken) is string state ? WireName.Parse<NodeState>(state) : null;
    }

    /// <summary>Which incarnation of a node is the current one; null when there is no such node.</summary>
    public async Task<NodeHolder?> FindHolderAsync(string nodeId, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var command = Command(connection, "Environments/Sql/node_select_holder.sql", ("node_id", nodeId));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(
                reader.GetString(0),
                reader.GetInt64(1),
                WireName.Parse<NodeState>(reader.GetString(2)),
                new(reader.GetInt32(3), reader.GetInt32(4) * MillisPerCpu, reader.GetInt32(5)) { Containers = reader.GetBoolean(6) })
            : null;
    }

    /// <summary>Nodes whose lease ran out, with their environments, at most <paramref name="limit"/>.</summary>
    public async Task<IReadOnlyList<(string NodeId, string EnvId)>> ExpiredAsync(int limit, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var command = Command(connection, "Environments/Sql/node_select_expired.sql", ("node_limit", limit));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var expired = new List<(string, string)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            expired.Add((reader.GetString(0), reader.GetString(1)));
        }

        return expired;
    }

    /// <summary>The database's time now: what happens later is later than this by every row's clock.</summary>
    public async Task<DateTimeOffset> ClockAsync(CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        return await NowAsync(connection, cancellationToken);
    }

    /// <summary>Environments of a provider that are not deleted, those apart that were made for a task and have nothing to look after.</summary>
    public Task<IReadOnlyList<string>> OfProviderAsync(NodeProvider provider, CancellationToken cancellationToken) =>
        IdsAsync("Environments/Sql/environment_select_of_provider.sql", cancellationToken, ("provider", WireName.Of(provider)));

    /// <summary>Environments that are being deleted and have no node left.</summary>
    public Task<IReadOnlyList<string>> EmptyDeletingAsync(CancellationToken cancellationToken) =>
        IdsAsync("Environments/Sql/environment_select_empty_deleting.sql", cancellationToken);

    /// <summary>At most <paramref name="limit"/> environments that were made for tasks which need them no more. Once so it stays so.</summary>
    public Task<IReadOnlyList<string>> UnneededAsync(int limit, CancellationToken cancellationToken) =>
        IdsAsync("Environments/Sql/environment_select_unneeded.sql", cancellationToken, ("environment_limit", limit));

    /// <summary>Id of the environment that users made with this id or name, of the default one for null; null when there is none.</summary>
    public async Task<string?> FindAsync(string? idOrName, CancellationToken cancellationToken) =>
        await IdsAsync("Environments/Sql/environment_find.sql", cancellationToken, ("id_or_name", idOrName)) is [var envId, ..] ? envId : null;

    private async Task<IReadOnlyList<string>> IdsAsync(string path, CancellationToken cancellationToken, params (string Name, object? Value)[] parameters)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var command = Command(connection, path, parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var ids = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            ids.Add(reader.GetString(0));
        }

        return ids;
    }

    private static async Task<EnvironmentAggregate?> LoadAsync(NpgsqlConnection connection, string envId, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var path in new[] { "Environments/Sql/environment_lock.sql", "Environments/Sql/node_select.sql", "Environments/Sql/environment_lock_job.sql" })
        {
            batch.BatchCommands.Add(new(SqlText.Load(path)) { Parameters = { new NpgsqlParameter<string>("env_id", envId) } });
        }

        batch.BatchCommands.Add(new(SqlText.Load("Jobs/Sql/clock.sql")));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        var environment = EnvironmentRows.ReadEnvironment(reader);
        await reader.NextResultAsync(cancellationToken);
        var nodes = new List<NodeRecord>();
        while (await reader.ReadAsync(cancellationToken))
        {
            nodes.Add(EnvironmentRows.ReadNode(reader));
        }

        await reader.NextResultAsync(cancellationToken);
        var job = await reader.ReadAsync(cancellationToken) ? EnvironmentRows.ReadJob(reader) : null;
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new(environment, nodes, reader.GetFieldValue<DateTimeOffset>(0), job);
    }

    private static async Task StoreAsync(NpgsqlConnection connection, EnvironmentAggregate aggregate, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        if (aggregate.Environment.IsDirty)
        {
            batch.BatchCommands.Add(EnvironmentRows.Apply(aggregate.Environment));
        }

        foreach (var node in aggregate.Nodes.Where(node => node.IsDirty))
        {
            batch.BatchCommands.Add(EnvironmentRows.Apply(node));
        }

        foreach (var activity in aggregate.Activities)
        {
            batch.BatchCommands.Add(EnvironmentRows.Insert(activity));
        }

        foreach (var end in aggregate.ActivityEnds)
        {
            batch.BatchCommands.Add(EnvironmentRows.End(end, aggregate.Now));
        }

        if (aggregate.Job is { IsDirty: true } job)
        {
            batch.BatchCommands.Add(EnvironmentRows.Apply(job));
        }

        if (aggregate.Journal.Count > 0)
        {
            batch.BatchCommands.Add(JournalRows.Insert([.. aggregate.Journal.Select(entry => (entry, TxidOf(aggregate, entry)))]));
        }

        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static ulong TxidOf(EnvironmentAggregate aggregate, JournalEntry entry) =>
        entry.SubjectId == aggregate.Environment.EnvId ? aggregate.Environment.JournalTxid : aggregate.Job!.JournalTxid;

    private static async Task<DateTimeOffset> NowAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(SqlText.Load("Jobs/Sql/clock.sql"), connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetFieldValue<DateTimeOffset>(0);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string path, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = new NpgsqlCommand(SqlText.Load(path), connection);
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }

    private void Ring(EnvironmentAggregate aggregate)
    {
        if (aggregate.Journal.Any(entry => entry.Notify != 0))
        {
            outboxSignal.Set();
        }
    }
}
