using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>Which environments to list.</summary>
public sealed record EnvironmentFilter
{
    /// <summary>Only environments in one of these states; empty: all that are not deleted.</summary>
    public IReadOnlyList<EnvironmentState> States { get; init; } = [];

    /// <summary>Only environments whose name begins with this; null: all.</summary>
    public string? NamePrefix { get; init; }

    /// <summary>True: only those made for a task; false: only those that users made; null: all.</summary>
    public bool? IsAnonymous { get; init; }

    /// <summary>Only those made for tasks of this job; null: all.</summary>
    public string? JobId { get; init; }

    /// <summary>Only environments that have all these labels.</summary>
    public IReadOnlyList<TagFilter> Tags { get; init; } = [];

    /// <summary>Only environments older than this place in the order; null: from the newest.</summary>
    public (DateTimeOffset CreatedAt, string EnvId)? Before { get; init; }
}

/// <summary>Environments and their nodes as callers see them.</summary>
public sealed partial class EnvironmentQueries(ReadContexts contexts)
{
    /// <summary>At most <paramref name="limit"/> environments, newest first.</summary>
    public async Task<IReadOnlyList<EnvironmentView>> ListAsync(EnvironmentFilter filter, int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var query = context.Environments;
        if (filter.States.Count > 0)
        {
            var states = filter.States.Select(WireName.Of).ToArray();
            query = query.Where(environment => states.Contains(environment.State));
        }
        else
        {
            query = query.Where(environment => environment.DeletedAt == null);
        }

        if (filter.NamePrefix is { } prefix)
        {
            var pattern = ListFilters.BeginsWith(prefix);
            query = query.Where(environment => EF.Functions.Like(environment.EnvName, pattern, ListFilters.Escape));
        }

        if (filter.IsAnonymous is { } isAnonymous)
        {
            query = query.Where(environment => environment.JobId != null == isAnonymous);
        }

        if (filter.JobId is { } jobId)
        {
            query = query.Where(environment => environment.JobId == jobId);
        }

        if (filter.Tags.Count > 0)
        {
            var contained = ListFilters.Contained(filter.Tags);
            query = query.Where(environment => EF.Functions.JsonContains(environment.Tags, contained));
        }

        if (filter.Before is var (createdAt, envId))
        {
            query = query.Where(row => EF.Functions.LessThan(ValueTuple.Create(row.CreatedAt, row.EnvId), ValueTuple.Create(createdAt, envId)));
        }

        var rows = await query.OrderByDescending(row => row.CreatedAt).ThenByDescending(row => row.EnvId).Take(limit).ToListAsync(cancellationToken);
        return await ToViewsAsync(context, rows, cancellationToken);
    }

    /// <summary>One environment, also a deleted one; null when there never was one.</summary>
    public async Task<EnvironmentView?> FindAsync(string envId, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var rows = await context.Environments.Where(environment => environment.EnvId == envId).ToListAsync(cancellationToken);
        return (await ToViewsAsync(context, rows, cancellationToken)).SingleOrDefault();
    }

    /// <summary>True when there is or was such an environment.</summary>
    public async Task<bool> ExistsAsync(string envId, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        return await context.Environments.AnyAsync(environment => environment.EnvId == envId, cancellationToken);
    }

    /// <summary>True when an environment that somebody made has this name.</summary>
    public async Task<bool> IsNameTakenAsync(string name, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        return await context.Environments.AnyAsync(environment => environment.EnvName == name && environment.DeletedAt == null && environment.JobId == null, cancellationToken);
    }

    /// <summary>Nodes of an environment that are not deleted, oldest first.</summary>
    public async Task<IReadOnlyList<NodeView>> ListNodesAsync(string envId, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var nodes = await context.Nodes
            .Where(node => node.EnvId == envId && node.DeletedAt == null)
            .OrderBy(node => node.CreatedAt).ThenBy(node => node.NodeId)
            .ToListAsync(cancellationToken);
        return [.. nodes.Select(ToView)];
    }

    /// <summary>At most <paramref name="limit"/> nodes of all environments, the longest there first.</summary>
    public async Task<IReadOnlyList<NodeView>> ListAllNodesAsync(int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var nodes = await context.Nodes
            .Where(node => node.DeletedAt == null)
            .OrderBy(node => node.CreatedAt).ThenBy(node => node.NodeId)
            .Take(limit)
            .ToListAsync(cancellationToken);
        return [.. nodes.Select(ToView)];
    }

    /// <summary>How many nodes there are in each state, by its name; states that no node is in are left out.</summary>
    public async Task<IReadOnlyList<KeyValuePair<string, int>>> CountNodesAsync(CancellationToken cancellationToken)
    {
        await using var context = contexts.Open();
        var counts = await context.Nodes
            .Where(node => node.DeletedAt == null)
            .GroupBy(node => node.State)
            .Select(group => new { group.Key, Count = group.Count() })
            .ToListAsync(cancellationToken);
        return [.. counts.OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => KeyValuePair.Create(count.Key, count.Count))];
    }

    private static async Task<IReadOnlyList<EnvironmentView>> ToViewsAsync(ReadContext context, List<EnvironmentRow> rows, CancellationToken cancellationToken)
    {
        var envIds = rows.Select(row => row.EnvId).ToArray();
        var counts = await context.Nodes
            .Where(node => envIds.Contains(node.EnvId) && node.DeletedAt == null)
            .GroupBy(node => new { node.EnvId, node.State })
            .Select(group => new { group.Key.EnvId, group.Key.State, Count = group.Count() })
            .ToListAsync(cancellationToken);
        var byEnvironment = counts.ToLookup(count => count.EnvId, count => (WireName.Parse<NodeState>(count.State), count.Count), StringComparer.Ordinal);
        var taskIds = rows.Where(row => row.TaskId is not null).Select(row => row.TaskId!.Value).ToArray();
        var taskNames = taskIds.Length == 0
            ? []
            : await context.Tasks.Where(task => taskIds.Contains(task.TaskId)).ToDictionaryAsync(task => task.TaskId, task => task.TaskName, cancellationToken);
        return [.. rows.Select(row => ToView(row, Metrics(byEnvironment[row.EnvId]), row.TaskId is { } taskId ? taskNames.GetValueOrDefault(taskId) : null))];
    }

    private static NodeMetrics Metrics(IEnumerable<(NodeState State, int Count)> counts)
    {
        var byState = counts.ToDictionary(count => count.State, count => count.Count);
        return new NodeMetrics
        {
            SubmittedCount = byState.GetValueOrDefault(NodeState.Submitted),
            CreatingCount = byState.GetValueOrDefault(NodeState.Creating),
            CreationFailedCount = byState.GetValueOrDefault(NodeState.CreationFailed),
            CreatedCount = byState.GetValueOrDefault(NodeState.Created),
            RunningCount = byState.GetValueOrDefault(NodeState.Running),
            DeletingCount = byState.GetValueOrDefault(NodeState.Deleting),
            AbnormalCount = byState.GetValueOrDefault(NodeState.Abnormal),
        };
    }

    private static EnvironmentView ToView(EnvironmentRow row, NodeMetrics metrics, string? taskName) => new()
    {
        EnvId = row.EnvId,
        EnvName = row.EnvName,
        EnvDescription = row.EnvDescription,
        EnvState = WireName.Parse<EnvironmentState>(row.State),
        Provider = WireName.Parse<NodeProvider>(row.Provider),
        IsDefault = row.IsDefault,
        JobId = row.JobId,
        TaskName = taskName,
        StateReason = row.Reason,
        DesiredComputeNodeCount = row.DesiredNodeCount,
        Slurm = WireName.Parse<NodeProvider>(row.Provider) == NodeProvider.Slurm ? ReadJson.Of<SlurmDocument>(row.ProviderSettings) : null,
        TargetComputeNodeCount = Environments.NodeCounts.Target(row.DesiredNodeCount, row.MinNodeCount, row.MaxNodeCount, row.ScaledNodeCount, row.ScaledFrom),
        MinComputeNodeCount = row.MinNodeCount,
        MaxComputeNodeCount = row.MaxNodeCount,
        IdleSeconds = row.IdleSeconds,
        ActionIfComputeNodeInactive = WireName.Parse<InactiveNodeAction>(row.InactiveAction),
        ResourceMaxRetryCount = row.MaxRetryCount,
        SlotsPerNode = row.SlotsPerNode,
        CpuPerNode = row.CpuPerNode,
        MemoryMibPerNode = row.MemoryMibPerNode,
        ComputeNodeMetrics = metrics,
        Notifications = [.. SubjectNames.BlocksOf(row.Notifications).Where(block => !AlibabaEvents.Asks(block))],
        Notification = row.Notification is null ? null : ReadJson.Of<AlibabaNotificationDocument>(row.Notification),
        CreatedAt = row.CreatedAt,
        Tags = ReadJson.Of<TagDocument[]>(row.Tags),
    };

    private static NodeView ToView(NodeRow row) => new()
    {
        ComputeNodeId = row.NodeId,
        EnvId = row.EnvId,
        ComputeNodeState = WireName.Parse<NodeState>(row.State),
        ComputeNodeInstanceId = row.InstanceId,
        ResourceOrigin = row.Origin,
        Cpu = row.Cpu,
        Mem = row.MemoryGib,
        MemoryMib = row.MemoryMib,
        ContainerEngine = row.ContainerEngine,
        Limits = row.Limits,
        Slots = row.Slots,
        BusySlots = row.BusySlots,
        KeptAttempts = row.KeptAttempts,
        LoadAverage = row.LoadAverage,
        MemoryFreeMib = row.MemoryFreeMib,
        DiskFreeMib = row.DiskFreeMib,
        DiskTotalMib = row.DiskTotalMib,
        Epoch = row.Epoch,
        HostName = row.HostName,
        Address = row.Address,
        AgentVersion = row.AgentVersion,
        StateReason = row.Reason,
        ResourceCreatedAt = row.ResourceCreatedAt,
        LeaseUntil = row.LeaseUntil,
    };
}
