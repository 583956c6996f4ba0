namespace BatchPlane.Core.Scheduling;

/// <summary>A task that could run and does not, of which somebody wants to be told.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="JobId">Its job.</param>
/// <param name="Kind">Kind of the reason: <see cref="WaitReasons.KindOf"/>.</param>
/// <param name="Reason">The reason: its code, and the same for people.</param>
/// <param name="ToldKind">What was told last; empty: nothing.</param>
public sealed record BlockedTask(long TaskId, string JobId, string Kind, string Reason, string ToldKind);

/// <summary>Some of them, in the order of their ids.</summary>
/// <param name="Tasks">Those that are blocked.</param>
/// <param name="LastId">The last task that was looked at; null: there are no more.</param>
public sealed record BlockedPage(IReadOnlyList<BlockedTask> Tasks, long? LastId);
