namespace BatchPlane.Contracts;

/// <summary>Answer of <c>POST /v1/jobs?dry_run=true</c> (200): what would be stored, and where it would run as things are now. Nothing is stored.</summary>
public sealed record JobPlan
{
    /// <summary>The document with defaults and environments filled in, as it would be stored.</summary>
    public required JobDocument Document { get; init; }

    /// <summary>Its tasks, in the order of the document.</summary>
    public required IReadOnlyList<TaskPlan> Tasks { get; init; }
}

/// <summary>Where a task would run.</summary>
public sealed record TaskPlan
{
    /// <summary>Name within the job.</summary>
    public required string TaskName { get; init; }

    /// <summary>Environment it would run in; null: one is made for it.</summary>
    public required string? EnvId { get; init; }

    /// <summary>Running nodes of the environment.</summary>
    public required int RunningNodes { get; init; }

    /// <summary>Those of them that are large enough for an instance, busy or not.</summary>
    public required int FittingNodes { get; init; }

    /// <summary>True when an instance would be taken within moments, as far as the last heartbeats tell.</summary>
    public required bool StartsNow { get; init; }

    /// <summary>What it would wait for, the most important first; at least one.</summary>
    public required IReadOnlyList<WaitReason> Reasons { get; init; }

    /// <summary>As <see cref="TaskExplanation.Position"/>.</summary>
    public long? Position { get; init; }

    /// <summary>As <see cref="TaskExplanation.EstimatedSecondsToStart"/>.</summary>
    public double? EstimatedSecondsToStart { get; init; }
}
