namespace BatchPlane.Contracts;

/// <summary>Body of <c>POST /agent/v1/nodes/{node}/kept</c>: working directories of failed attempts that the agent keeps for inspection.</summary>
/// <param name="Epoch">Epoch of the join.</param>
/// <param name="Attempts">Some or all of them.</param>
public sealed record KeptRequest(long Epoch, IReadOnlyList<KeptAttempt> Attempts);

/// <summary>An attempt whose working directory is kept.</summary>
/// <param name="JobId">Its job.</param>
/// <param name="TaskId">The task, as in the claim.</param>
/// <param name="Index">Instance index.</param>
/// <param name="Attempt">Attempt number, from 1.</param>
public sealed record KeptAttempt(string JobId, long TaskId, int Index, int Attempt);

/// <summary>Answer of <c>POST /agent/v1/nodes/{node}/kept</c>.</summary>
/// <param name="Released">Those of the attempts asked about whose directory nobody wants any more: the agent removes it.</param>
public sealed record KeptResponse(IReadOnlyList<KeptAttempt> Released);
