using NpgsqlTypes;

namespace BatchPlane.Core.ReadModel;

/// <summary>A row of <c>jobs</c>; columns are the property names in snake_case.</summary>
internal sealed class JobRow
{
    public required string JobId { get; init; }
    public required string JobName { get; init; }
    public required string JobDescription { get; init; }
    public int Priority { get; init; }
    public required string State { get; init; }
    public string? Cause { get; init; }
    public string? Reason { get; init; }
    public required string Document { get; init; }
    public required string Notifications { get; init; }
    public required string Tags { get; init; }
    public string? Tencent { get; init; }
    public required string[] Labels { get; init; }
    public long LastSequence { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? TerminateRequestedAt { get; init; }
    public string? TerminateReason { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? RunningAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
    public DateTimeOffset? RetriedAt { get; init; }
    public DateTimeOffset? DeletedAt { get; init; }
    public DateTimeOffset? OutputsGoneAt { get; init; }
    public required string Tracing { get; init; }
}

/// <summary>A row of <c>tasks</c>.</summary>
internal sealed class TaskRow
{
    public long TaskId { get; init; }
    public required string JobId { get; init; }
    public int TaskNo { get; init; }
    public required string TaskName { get; init; }
    public required string EnvId { get; init; }
    public bool OwnsEnv { get; init; }
    public int Priority { get; init; }
    public int Slots { get; init; }
    public int CpuMillis { get; init; }
    public int MemoryMib { get; init; }
    public bool NeedsContainer { get; init; }
    public required string State { get; init; }
    public string? Cause { get; init; }
    public string? Reason { get; init; }
    public required int[] DependsOn { get; init; }
    public required string[] DependsWhen { get; init; }
    public int? MaxConcurrentNum { get; init; }
    public int InstanceCount { get; init; }
    public int NextIndex { get; init; }
    public required NpgsqlRange<int>[] Ready { get; init; }
    public required NpgsqlRange<int>[] Waiting { get; init; }
    public required NpgsqlRange<int>[] Delayed { get; init; }
    public string? CloseReason { get; init; }
    public int WaitingCount { get; init; }
    public bool Claimable { get; init; }
    public string? BlockedBy { get; init; }
    public int StartingCount { get; init; }
    public int RunningCount { get; init; }
    public int SucceedCount { get; init; }
    public int FailedCount { get; init; }
    public int InterruptedCount { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? RunningAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
}

/// <summary>A row of <c>task_skips</c>: consecutive instances that ended without ever having been claimed.</summary>
internal sealed class TaskSkipRow
{
    public long TaskId { get; init; }
    public int FirstIndex { get; init; }
    public int InstanceCount { get; init; }
    public required string Cause { get; init; }
    public required string Reason { get; init; }
    public DateTimeOffset EndedAt { get; init; }
}

/// <summary>A row of <c>retry_delays</c>: an instance that waits for the time of its next attempt.</summary>
internal sealed class RetryDelayRow
{
    public long TaskId { get; init; }
    public int InstanceIndex { get; init; }
    public DateTimeOffset DueAt { get; init; }
}

/// <summary>A row of <c>task_instances</c>: an instance that was claimed at least once.</summary>
internal sealed class TaskInstanceRow
{
    public long TaskId { get; init; }
    public int InstanceIndex { get; init; }
    public required string State { get; init; }
    public int Attempt { get; init; }
    public required string NodeId { get; init; }
    public int? ExitCode { get; init; }
    public string? Cause { get; init; }
    public string? Reason { get; init; }
    public int? FailoverOf { get; init; }

    public string? ExecutionSource { get; init; }
    public DateTimeOffset LaunchedAt { get; init; }
    public DateTimeOffset? RunningAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
}

/// <summary>A row of <c>instance_progress</c>: what an attempt of the instance posted.</summary>
internal sealed class InstanceProgressRow
{
    public long TaskId { get; init; }
    public int InstanceIndex { get; init; }
    public int Attempt { get; init; }
    public double? Percent { get; init; }
    public string? Message { get; init; }
    public DateTimeOffset? PostedAt { get; init; }
    public bool Live { get; init; }
    public int EventCount { get; init; }
    public long DroppedEvents { get; init; }
    public long BadLines { get; init; }
    public string? Problem { get; init; }
}

/// <summary>A row of <c>attempt_usage</c>: what an ended attempt used.</summary>
internal sealed class AttemptUsageRow
{
    public long TaskId { get; init; }
    public int InstanceIndex { get; init; }
    public int Attempt { get; init; }
    public long CpuMs { get; init; }
    public long PeakMemoryKib { get; init; }
}

/// <summary>A row of <c>environments</c>.</summary>
internal sealed class EnvironmentRow
{
    public required string EnvId { get; init; }
    public required string EnvName { get; init; }
    public required string EnvDescription { get; init; }
    public required string State { get; init; }
    public required string Provider { get; init; }
    public bool IsDefault { get; init; }
    public string? JobId { get; init; }
    public long? TaskId { get; init; }
    public int DesiredNodeCount { get; init; }
    public required string ProviderSettings { get; init; }
    public int MinNodeCount { get; init; }
    public int? MaxNodeCount { get; init; }
    public int IdleSeconds { get; init; }
    public int? ScaledNodeCount { get; init; }
    public int? ScaledFrom { get; init; }
    public required string InactiveAction { get; init; }
    public int MaxRetryCount { get; init; }
    public int? SlotsPerNode { get; init; }
    public int? CpuPerNode { get; init; }
    public int? MemoryMibPerNode { get; init; }
    public string? Reason { get; init; }
    public DateTimeOffset? DeleteRequestedAt { get; init; }
    public string? Tencent { get; init; }
    public required string Notifications { get; init; }
    public string? Notification { get; init; }
    public required string Tags { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? DeletedAt { get; init; }
}

/// <summary>A row of <c>nodes</c>.</summary>
internal sealed class NodeRow
{
    public required string NodeId { get; init; }
    public required string EnvId { get; init; }
    public required string State { get; init; }
    public long Epoch { get; init; }
    public required string InstanceId { get; init; }
    public required string Origin { get; init; }
    public string? HostName { get; init; }
    public string? Address { get; init; }
    public string? AgentVersion { get; init; }
    public string? WorkDirectory { get; init; }
    public int KeptAttempts { get; init; }
    public int Cpu { get; init; }
    public int MemoryGib { get; init; }
    public int MemoryMib { get; init; }
    public int Slots { get; init; }
    public string? ContainerEngine { get; init; }
    public string? Limits { get; init; }
    public int BusySlots { get; init; }
    public int PromisedCpuMillis { get; init; }
    public int PromisedMemoryMib { get; init; }
    public double EndsPerSecond { get; init; }
    public double? LoadAverage { get; init; }
    public int? MemoryFreeMib { get; init; }
    public long? DiskFreeMib { get; init; }
    public long? DiskTotalMib { get; init; }
    public string? Reason { get; init; }
    public DateTimeOffset? LeaseUntil { get; init; }
    public DateTimeOffset? ResourceCreatedAt { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? DeletedAt { get; init; }
}

/// <summary>A row of <c>activities</c>.</summary>
internal sealed class ActivityRow
{
    public required string ActivityId { get; init; }
    public required string EnvId { get; init; }
    public string? NodeId { get; init; }
    public string? InstanceId { get; init; }
    public required string ActivityType { get; init; }
    public required string State { get; init; }
    public required string Cause { get; init; }
    public string? Reason { get; init; }
    public DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>A row of <c>task_templates</c>.</summary>
internal sealed class TaskTemplateRow
{
    public required string TemplateId { get; init; }
    public required string TemplateName { get; init; }
    public required string TemplateDescription { get; init; }
    public required string Task { get; init; }
    public string? Tencent { get; init; }
    public required string Tags { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>A row of <c>topics</c>.</summary>
internal sealed class TopicRow
{
    public required string TopicKey { get; init; }
    public required string TopicName { get; init; }
    public required string Tags { get; init; }
    public string? Tencent { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A row of <c>subscriptions</c>.</summary>
internal sealed class SubscriptionRow
{
    public required string SubscriptionId { get; init; }
    public required string TopicKey { get; init; }
    public string? SubscriptionName { get; init; }
    public required string Protocol { get; init; }
    public required string Endpoint { get; init; }
    public required string[] Bindings { get; init; }
    public bool Enabled { get; init; }
    public required string Format { get; init; }
    public string? Filter { get; init; }
    public bool IsAddressed { get; init; }
    public string? Push { get; init; }
    public string? ContentFormat { get; init; }
    public int? MaxInFlight { get; init; }
    public int? MaxAgeSeconds { get; init; }
    public long? MaxQueueBytes { get; init; }
    public string? Retry { get; init; }
    public DateTimeOffset? PreviousSecretUntil { get; init; }
    public string? DisabledReason { get; init; }
    public DateTimeOffset? DisabledAt { get; init; }
    public DateTimeOffset? FailingSince { get; init; }
    public DateTimeOffset? LastDeliveredAt { get; init; }
    public DateTimeOffset? LastFailedAt { get; init; }
    public int? LastStatus { get; init; }
    public string? LastReason { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A row of <c>subscription_deliveries</c>.</summary>
internal sealed class SubscriptionDeliveryRow
{
    public required string SubscriptionId { get; init; }
    public required string SubjectId { get; init; }
    public long Sequence { get; init; }
    public required string State { get; init; }
    public int Tries { get; init; }
    public int? LastStatus { get; init; }
    public string? LastReason { get; init; }
    public DateTimeOffset LastTriedAt { get; init; }
    public DateTimeOffset? NextTryAt { get; init; }
}

/// <summary>A row of <c>events</c>; stands for <see cref="Span"/> consecutive events.</summary>
internal sealed class EventRow
{
    public ulong OrderTxid { get; init; }
    public long EventNo { get; init; }
    public required string SubjectId { get; init; }
    public long Sequence { get; init; }
    public int Span { get; init; }
    public required string Level { get; init; }
    public required string State { get; init; }
    public int? TaskNo { get; init; }
    public int? InstanceIndex { get; init; }
    public int? Attempt { get; init; }
    public string? NodeId { get; init; }
    public int? ExitCode { get; init; }
    public string? Cause { get; init; }
    public string? Reason { get; init; }
    public required string Source { get; init; }
    public DateTimeOffset? LaunchedAt { get; init; }
    public DateTimeOffset? RunningAt { get; init; }
    public int[]? RunningOffsets { get; init; }
    public DateTimeOffset OccurredAt { get; init; }
    public int Notify { get; init; }
    public string? Details { get; init; }
}
