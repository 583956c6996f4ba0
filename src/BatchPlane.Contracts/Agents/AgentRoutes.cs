namespace BatchPlane.Contracts;

/// <summary>
/// Routes of the agent protocol. Join carries the join token as bearer, all others the node token. A 409 problem with
/// code <see cref="FencedCode"/> means that the node was given up: the agent kills what it runs, forgets it and joins again.
/// </summary>
public static class AgentRoutes
{
    /// <summary>POST <see cref="JoinRequest"/> → <see cref="JoinResponse"/>.</summary>
    public const string Join = "/agent/v1/join";

    /// <summary>Problem code of a request with an epoch that is not the node's current one.</summary>
    public const string FencedCode = "fenced";

    /// <summary>Problem code of outputs that cannot be stored now.</summary>
    public const string OutputStorageCode = "output_storage";

    /// <summary>POST <see cref="WorkRequest"/> → <see cref="WorkResponse"/>.</summary>
    public static string Work(string nodeId) => $"/agent/v1/nodes/{nodeId}/work";

    /// <summary>POST <see cref="ReportRequest"/> → <see cref="ReportResponse"/>.</summary>
    public static string Report(string nodeId) => $"/agent/v1/nodes/{nodeId}/report";

    /// <summary>POST <see cref="HeartbeatRequest"/> → <see cref="HeartbeatResponse"/>.</summary>
    public static string Heartbeat(string nodeId) => $"/agent/v1/nodes/{nodeId}/heartbeat";

    /// <summary>POST <see cref="KeptRequest"/> → <see cref="KeptResponse"/>.</summary>
    public static string Kept(string nodeId) => $"/agent/v1/nodes/{nodeId}/kept";

    /// <summary>POST <see cref="LeaveRequest"/> → 204: the node leaves for good.</summary>
    public static string Leave(string nodeId) => $"/agent/v1/nodes/{nodeId}/leave";

    /// <summary>
    /// POST raw bytes → 204: a piece of an attempt's output at <paramref name="offset"/>. Pieces come in order; writing
    /// the same piece again is harmless.
    /// </summary>
    public static string Output(string nodeId, string jobId, long taskId, int index, int attempt, OutputStream stream, long offset, long epoch) =>
        FormattableString.Invariant(
            $"/agent/v1/nodes/{nodeId}/output/{jobId}/{taskId}/{index}/{attempt}/{(stream == OutputStream.Stdout ? "stdout" : "stderr")}?offset={offset}&epoch={epoch}");
}

/// <summary>Body of <c>POST /agent/v1/nodes/{node}/leave</c>: nothing runs here any more and nothing will.</summary>
/// <param name="Epoch">Epoch of the join.</param>
public sealed record LeaveRequest(long Epoch);
