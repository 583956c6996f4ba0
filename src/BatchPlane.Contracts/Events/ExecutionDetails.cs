namespace BatchPlane.Contracts;

/// <summary>One attempt and what belongs to it: <c>GET /v1/executions/{job}/{task}/{index}/{attempt}</c>.</summary>
/// <param name="Execution">The attempt.</param>
/// <param name="Transitions">What happened to it, in sequence: states entered, progress and custom events posted. Empty when days of the journal were dropped.</param>
/// <param name="Chain">All attempts of its instance that the journal has, and the one that runs, by number: each takes up what <c>execution_source</c> says of the one before.</param>
public sealed record ExecutionDetails(ExecutionView Execution, IReadOnlyList<EventView> Transitions, IReadOnlyList<ExecutionView> Chain);
