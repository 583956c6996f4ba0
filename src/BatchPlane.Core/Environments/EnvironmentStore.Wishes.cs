using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Validation;
using Npgsql;

namespace BatchPlane.Core.Environments;

/// <summary>What nodes promise that are made from now on.</summary>
/// <param name="Slots">Instances at once.</param>
/// <param name="Cpu">Processors.</param>
/// <param name="MemoryMib">MiB of memory.</param>
/// <param name="InstanceTypes">The types, in Tencent's words, that were asked for.</param>
public sealed record MachineChange(int Slots, int Cpu, int MemoryMib, IReadOnlyList<string> InstanceTypes);

/// <summary>What users change of environments that exist, and what the reconciler looks at before it locks one.</summary>
public sealed partial class EnvironmentStore
{
    /// <summary>Changes what a user wishes of an environment; checked together with what stays as it is.</summary>
    public Task<ChangeEnvironmentOutcome> ChangeWishesAsync(string envId, ChangeEnvironmentRequest change, CancellationToken cancellationToken) =>
        ChangeWishesAsync(envId, change, machines: null, cancellationToken);

    /// <summary>The same, and with it what nodes are that are made from now on. <paramref name="machines"/>: null: what they were.</summary>
    public async Task<ChangeEnvironmentOutcome> ChangeWishesAsync(string envId, ChangeEnvironmentRequest change, MachineChange? machines, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await LoadAsync(connection, envId, cancellationToken) is not { } aggregate)
        {
            return new ChangeEnvironmentOutcome.NotFound();
        }

        if (aggregate.Environment.State is EnvironmentState.Deleting or EnvironmentState.Deleted)
        {
            return new ChangeEnvironmentOutcome.Ending(aggregate.Environment.State);
        }

        if (aggregate.Environment.JobId is { } jobId)
        {
            return new ChangeEnvironmentOutcome.OfTask(jobId);
        }

        aggregate.Change(change);
        var problems = new ProblemList();
        NodeCountRules.Check(aggregate.Environment, problems);
        if (problems.Any)
        {
            return new ChangeEnvironmentOutcome.Invalid(problems.Items);
        }

        // Filters by label were applied to the tags it had.
        var interest = change.Tags is { } tags ? NotificationInterest.Of(await NotificationsAsync(connection, envId, cancellationToken), tags) : null;
        try
        {
            await using var wishes = new NpgsqlBatch(connection) { BatchCommands = { EnvironmentRows.Change(aggregate.Environment, change, interest, machines) } };
            await wishes.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return new ChangeEnvironmentOutcome.NameTaken();
        }

        await StoreAsync(connection, aggregate, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Ring(aggregate);
        return new ChangeEnvironmentOutcome.Changed();
    }

    private static async Task<IReadOnlyList<NotificationDocument>> NotificationsAsync(NpgsqlConnection connection, string envId, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, "Environments/Sql/environment_notifications.sql", ("env_id", envId));
        return JsonSerializer.Deserialize<IReadOnlyList<NotificationDocument>>((string)(await command.ExecuteScalarAsync(cancellationToken))!, BatchPlaneJson.Options) ?? [];
    }

    /// <summary>
    /// Ends nodes of an environment, all of them or none. <paramref name="onlyIn"/>: only when they are in these states; null: in any, and nodes that are going already are no fault.
    /// </summary>
    public async Task<TerminateNodesOutcome> TerminateNodesAsync(string envId, IReadOnlyList<string> nodeIds, IReadOnlyCollection<NodeState>? onlyIn, string source, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await LoadAsync(connection, envId, cancellationToken) is not { Environment.State: not EnvironmentState.Deleted } aggregate)
        {
            return new TerminateNodesOutcome.NotFound();
        }

        var unknown = nodeIds.Where(nodeId => aggregate.Find(nodeId) is null).ToList();
        if (unknown.Count > 0)
        {
            return new TerminateNodesOutcome.NodesNotFound(unknown);
        }

        if (onlyIn is not null && nodeIds.Select(nodeId => aggregate.Find(nodeId)!).FirstOrDefault(node => !onlyIn.Contains(node.State)) is { } other)
        {
            return new TerminateNodesOutcome.InOtherState(other.NodeId, other.State);
        }

        var desired = aggregate.Environment.DesiredNodeCount;
        aggregate.Terminate(nodeIds.Select(nodeId => aggregate.Find(nodeId)!), source);
        if (aggregate.Environment.DesiredNodeCount != desired)
        {
            await using var wishes = new NpgsqlBatch(connection) { BatchCommands = { EnvironmentRows.LowerDesired(aggregate.Environment) } };
            await wishes.ExecuteNonQueryAsync(cancellationToken);
        }

        await StoreAsync(connection, aggregate, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Ring(aggregate);
        return new TerminateNodesOutcome.Accepted(aggregate.Environment.DesiredNodeCount);
    }

    /// <summary>Nodes of an environment that are not deleted, without a lock.</summary>
    public Task<IReadOnlyList<string>> NodeIdsAsync(string envId, CancellationToken cancellationToken) =>
        IdsAsync("Environments/Sql/node_select_ids.sql", cancellationToken, ("env_id", envId));

    /// <summary>Instances of an environment that nodes may claim now, by what they need; of at most so many tasks.</summary>
    public async Task<IReadOnlyList<BacklogPart>> BacklogAsync(string envId, int taskLimit, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var command = Command(connection, "Environments/Sql/environment_backlog.sql", ("env_id", envId), ("task_limit", taskLimit));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var parts = new List<BacklogPart>();
        while (await reader.ReadAsync(cancellationToken))
        {
            parts.Add(new(new(reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2)), reader.GetInt64(3)));
        }

        return parts;
    }

    /// <summary>Forgets activities that ended long ago; how many, at most <paramref name="limit"/>.</summary>
    public async Task<int> PruneActivitiesAsync(int retentionDays, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var command = Command(connection, "Environments/Sql/activity_prune.sql", ("retention_days", retentionDays), ("activity_limit", limit));
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
