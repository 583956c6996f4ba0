using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;

namespace BatchPlane.Core.Environments;

/// <summary>A row of <c>environments</c> as the transition path sees it. Changed by <see cref="EnvironmentAggregate"/> alone.</summary>
public sealed class EnvironmentRecord
{
    /// <summary>Column <c>env_id</c>.</summary>
    public required string EnvId { get; init; }

    /// <summary>Column <c>env_name</c>.</summary>
    public required string EnvName { get; init; }

    /// <summary>Column <c>state</c>.</summary>
    public EnvironmentState State { get; internal set; } = EnvironmentLifecycle.Table.Initial;

    /// <summary>Column <c>provider</c>.</summary>
    public required NodeProvider Provider { get; init; }

    /// <summary>Column <c>is_default</c>.</summary>
    public bool IsDefault { get; init; }

    /// <summary>Column <c>desired_node_count</c>.</summary>
    public required int DesiredNodeCount { get; set; }

    /// <summary>Column <c>min_node_count</c>.</summary>
    public int MinNodeCount { get; set; }

    /// <summary>Column <c>max_node_count</c>.</summary>
    public int? MaxNodeCount { get; set; }

    /// <summary>Column <c>idle_seconds</c>.</summary>
    public int IdleSeconds { get; set; } = EnvironmentDocument.DefaultIdleSeconds;

    /// <summary>Column <c>scaled_node_count</c>.</summary>
    public int? ScaledNodeCount { get; internal set; }

    /// <summary>Column <c>scaled_from</c>.</summary>
    public int? ScaledFrom { get; internal set; }

    /// <summary>How many nodes are to be: the desired number, unless it follows the work.</summary>
    public int TargetNodeCount => NodeCounts.Target(DesiredNodeCount, MinNodeCount, MaxNodeCount, ScaledNodeCount, ScaledFrom);

    /// <summary>Column <c>inactive_action</c>.</summary>
    public InactiveNodeAction InactiveAction { get; set; }

    /// <summary>Column <c>max_retry_count</c>.</summary>
    public int MaxRetryCount { get; set; } = EnvironmentDocument.DefaultResourceMaxRetryCount;

    /// <summary>Column <c>failed_creations</c>.</summary>
    public int FailedCreations { get; internal set; }

    /// <summary>Column <c>early_losses</c>.</summary>
    public int EarlyLosses { get; internal set; }

    /// <summary>Column <c>cpu_per_node</c>.</summary>
    public int? CpuPerNode { get; init; }

    /// <summary>Column <c>memory_mib_per_node</c>.</summary>
    public int? MemoryMibPerNode { get; init; }

    /// <summary>Column <c>slots_per_node</c>.</summary>
    public int? SlotsPerNode { get; init; }

    /// <summary>Column <c>provider_settings</c>: a JSON object of the provider's own document, <c>{}</c> for providers that have none.</summary>
    public string ProviderSettings { get; init; } = "{}";

    /// <summary>Column <c>provider_state</c>: a JSON object that only the provider reads.</summary>
    public string ProviderState { get; internal set; } = "{}";

    /// <summary>Column <c>reason</c>.</summary>
    public string? Reason { get; internal set; }

    /// <summary>Column <c>job_id</c>: the job whose task it was made for; null: users made it.</summary>
    public string? JobId { get; init; }

    /// <summary>Column <c>task_id</c>.</summary>
    public long? TaskId { get; init; }

    /// <summary>Column <c>task_no</c>.</summary>
    public int? TaskNo { get; init; }

    /// <summary>Column <c>keeps_trying</c>.</summary>
    public bool KeepsTrying { get; init; }

    /// <summary>Early losses that are forgiven however few tries there are: a single crash or a short cut is no sign of a node that cannot run.</summary>
    public const int ForgivenLosses = 3;

    /// <summary>True when more nodes failed, or were lost soon after they joined, one after the other than may: no more are made.</summary>
    public bool IsUsedUp => (FailedCreations > MaxRetryCount || EarlyLosses > Math.Max(MaxRetryCount, ForgivenLosses)) && !KeepsTrying;

    /// <summary>Column <c>interest</c>.</summary>
    public NotificationInterest Interest { get; init; } = NotificationInterest.None;

    /// <summary>Column <c>last_sequence</c>.</summary>
    public long LastSequence { get; internal set; }

    /// <summary>Column <c>journal_txid</c> as loaded.</summary>
    public ulong JournalTxid { get; init; }

    /// <summary>Column <c>delete_requested_at</c>.</summary>
    public DateTimeOffset? DeleteRequestedAt { get; internal set; }

    /// <summary>Column <c>deleted_at</c>.</summary>
    public DateTimeOffset? DeletedAt { get; internal set; }

    /// <summary>True once it differs from what was loaded.</summary>
    public bool IsDirty { get; internal set; }
}

/// <summary>The journal of a job, as far as nodes of an environment that was made for one of its tasks write it. Under the job's lock.</summary>
public sealed class JobJournal
{
    /// <summary>Column <c>jobs.job_id</c>.</summary>
    public required string JobId { get; init; }

    /// <summary>Column <c>jobs.interest</c>.</summary>
    public required NotificationInterest Interest { get; init; }

    /// <summary>Column <c>jobs.last_sequence</c>.</summary>
    public required long LastSequence { get; set; }

    /// <summary>Column <c>jobs.journal_txid</c> as loaded.</summary>
    public required ulong JournalTxid { get; init; }

    /// <summary>True once it differs from what was loaded.</summary>
    public bool IsDirty { get; internal set; }
}

/// <summary>A row of <c>nodes</c> as the transition path sees it. Changed by <see cref="EnvironmentAggregate"/> alone; heartbeats write their own columns.</summary>
public sealed class NodeRecord
{
    /// <summary>Column <c>node_id</c>.</summary>
    public required string NodeId { get; init; }

    /// <summary>Column <c>env_id</c>.</summary>
    public required string EnvId { get; init; }

    /// <summary>Column <c>state</c>.</summary>
    public NodeState State { get; internal set; } = NodeLifecycle.Table.Initial;

    /// <summary>Column <c>epoch</c>.</summary>
    public long Epoch { get; internal set; }

    /// <summary>Column <c>left_epoch</c>; not loaded, as it is that of nodes that are deleted.</summary>
    public long? LeftEpoch { get; internal set; }

    /// <summary>Column <c>join_id</c>.</summary>
    public string? JoinId { get; internal set; }

    /// <summary>Column <c>origin</c>: true for USER_ATTACHED, false for BATCH_CREATED.</summary>
    public required bool IsAttached { get; init; }

    /// <summary>Column <c>instance_id</c>.</summary>
    public required string InstanceId { get; init; }

    /// <summary>Column <c>provider_host</c>.</summary>
    public string? ProviderHost { get; init; }

    /// <summary>Column <c>host_name</c>.</summary>
    public string? HostName { get; internal set; }

    /// <summary>Column <c>address</c>.</summary>
    public string? Address { get; internal set; }

    /// <summary>Column <c>agent_version</c>.</summary>
    public string? AgentVersion { get; internal set; }

    /// <summary>Column <c>cpu</c>.</summary>
    public int Cpu { get; internal set; }

    /// <summary>Column <c>memory_gib</c>.</summary>
    public int MemoryGib { get; internal set; }

    /// <summary>Column <c>memory_mib</c>.</summary>
    public int MemoryMib { get; internal set; }

    /// <summary>Column <c>container_engine</c>.</summary>
    public string? ContainerEngine { get; internal set; }

    /// <summary>Column <c>limits</c>.</summary>
    public string? Limits { get; internal set; }

    /// <summary>Column <c>slots</c>.</summary>
    public int Slots { get; internal set; }

    /// <summary>Column <c>reason</c>.</summary>
    public string? Reason { get; internal set; }

    /// <summary>Column <c>failures</c>.</summary>
    public int Failures { get; internal set; }

    /// <summary>Column <c>lease_until</c>.</summary>
    public DateTimeOffset? LeaseUntil { get; internal set; }

    /// <summary>Column <c>starting_until</c>.</summary>
    public DateTimeOffset? StartingUntil { get; internal set; }

    /// <summary>Column <c>work_directory</c>.</summary>
    public string? WorkDirectory { get; internal set; }

    /// <summary>Column <c>kept_attempts</c> as loaded.</summary>
    public int KeptAttempts { get; init; }

    /// <summary>Column <c>busy_slots</c> as loaded.</summary>
    public int BusySlots { get; init; }

    /// <summary>Columns <c>busy_slots</c>, <c>promised_cpu_millis</c> and <c>promised_memory_mib</c> as loaded: what it holds.</summary>
    public ResourceAmounts Held => new(BusySlots, PromisedCpuMillis, PromisedMemoryMib);

    /// <summary>Column <c>promised_cpu_millis</c> as loaded.</summary>
    public int PromisedCpuMillis { get; init; }

    /// <summary>Column <c>promised_memory_mib</c> as loaded.</summary>
    public int PromisedMemoryMib { get; init; }

    /// <summary>Column <c>idle_since</c> as loaded.</summary>
    public DateTimeOffset? IdleSince { get; init; }

    /// <summary>Column <c>resource_created_at</c>.</summary>
    public DateTimeOffset? ResourceCreatedAt { get; internal set; }

    /// <summary>Column <c>created_at</c>.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Column <c>state_since</c>.</summary>
    public required DateTimeOffset StateSince { get; set; }

    /// <summary>Column <c>deleted_at</c>.</summary>
    public DateTimeOffset? DeletedAt { get; internal set; }

    /// <summary>True when there is no row yet.</summary>
    public bool IsNew { get; init; }

    /// <summary>True once it differs from what was loaded.</summary>
    public bool IsDirty { get; internal set; }
}
