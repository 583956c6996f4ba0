using System.Buffers.Text;
using System.Collections.ObjectModel;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Scheduling;
using BatchPlane.Server.Api;
using BatchPlane.Server.Metrics;
using BatchPlane.Server.Outputs;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Agents;

/// <summary>An agent reports what became of attempts. Answered after the commit; short outputs are written before it.</summary>
internal static class ReportAttempts
{
    internal static async Task<IResult> HandleAsync(
        HttpContext context,
        string nodeId,
        AgentGate gate,
        TransitionWriter writer,
        ClaimStore claims,
        OutputIntake outputs,
        ProgressMetrics metrics,
        AttemptMetrics attempts,
        IOptions<ProgressLimits> limits)
    {
        var (request, refusal) = await AgentGate.ReadAsync<ReportRequest>(context);
        refusal ??= gate.Refuse(context.Request, nodeId, request!.Epoch);
        if (refusal is not null)
        {
            return refusal;
        }

        if (request!.Tasks.Any(task => !EntityId.IsWellFormed(EntityId.Job, task.JobId)))
        {
            return new ProblemResult(ProblemKind.BadRequest, "A job id is not well-formed.");
        }

        var pieces = Outputs(request).ToList();
        if (pieces.Exists(piece => !Base64.IsValid(piece.Text)))
        {
            return new ProblemResult(ProblemKind.BadRequest, "An output is not base64.");
        }

        // No attempt ends before its output is there; the others do not wait for it.
        var unstored = await WriteAsync(nodeId, request.Epoch, pieces, claims, outputs, context.RequestAborted);
        request = Without(unstored, request);

        // Not cancelled with the request: what was queued will be stored, and the agent repeats what it heard nothing about.
        var report = new NodeReport(nodeId, request, limits.Value.ToTerms());
        var outcome = await writer.WriteAsync(report, CancellationToken.None);
        metrics.Took(report.Progress);
        if (!outcome.Fenced)
        {
            attempts.Took(request, outcome.Refused);
        }

        return outcome.Fenced
            ? AgentGate.Fenced(nodeId, request.Epoch)
            : Results.Json(
                new ReportResponse { Refused = outcome.Refused, Unstored = [.. unstored.Keys], UnstoredBecause = unstored.Values.FirstOrDefault() }, BatchPlaneJson.Options);
    }

    private static IEnumerable<(OutputOf Output, string Text)> Outputs(ReportRequest request) =>
        from task in request.Tasks
        from attempt in task.Attempts
        where attempt.Stdout is not null || attempt.Stderr is not null
        from output in new[] { (Stream: OutputStream.Stdout, Text: attempt.Stdout), (Stream: OutputStream.Stderr, Text: attempt.Stderr) }
        where !string.IsNullOrEmpty(output.Text)
        select (new OutputOf(task.JobId, task.TaskId, attempt.Index, attempt.Attempt, output.Stream), output.Text);

    private static ReportRequest Without(IReadOnlyDictionary<AttemptRef, string> unstored, ReportRequest request) => unstored.Count == 0 ? request : request with
    {
        Tasks = [.. request.Tasks
            .Select(task => task with { Attempts = [.. task.Attempts.Where(attempt => !unstored.ContainsKey(new(task.TaskId, attempt.Index, attempt.Attempt)))] })
            .Where(task => task.Attempts.Count > 0)],
    };

    /// <summary>Writes the outputs of attempts that the node holds; those of others are as little its business as their outcome. Returns those that could not be written, and why.</summary>
    private static async Task<IReadOnlyDictionary<AttemptRef, string>> WriteAsync(string nodeId, long epoch, List<(OutputOf Output, string Text)> pieces, ClaimStore claims, OutputIntake outputs, CancellationToken cancellationToken)
    {
        if (pieces.Count == 0)
        {
            return ReadOnlyDictionary<AttemptRef, string>.Empty;
        }

        var held = await claims.HeldAsync(nodeId, epoch, [.. pieces.Select(piece => piece.Output.AttemptRef).Distinct()], cancellationToken);
        return await outputs.TakeAsync([.. pieces.Where(piece => held.Contains(piece.Output.AttemptRef)).Select(piece => (piece.Output, Convert.FromBase64String(piece.Text)))], cancellationToken);
    }
}
