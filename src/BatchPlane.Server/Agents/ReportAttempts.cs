using System.Buffers.Text;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Jobs;
using BatchPlane.Server.Api;
using BatchPlane.Server.Outputs;

namespace BatchPlane.Server.Agents;

/// <summary>An agent reports what became of attempts. Answered after the commit; short outputs are written before it.</summary>
internal static class ReportAttempts
{
    internal static async Task<IResult> HandleAsync(HttpContext context, string nodeId, AgentGate gate, TransitionWriter writer, OutputStore outputs)
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

        if (!await WriteOutputsAsync(request, outputs, context.RequestAborted))
        {
            return new ProblemResult(ProblemKind.BadRequest, "An output is not base64.");
        }

        // Not cancelled with the request: what was queued will be stored, and the agent repeats what it heard nothing about.
        var outcome = await writer.WriteAsync(new NodeReport(nodeId, request), CancellationToken.None);
        return outcome.Fenced
            ? AgentGate.Fenced(nodeId, request.Epoch)
            : Results.Json(new ReportResponse { Refused = outcome.Refused }, BatchPlaneJson.Options);
    }

    private static async Task<bool> WriteOutputsAsync(ReportRequest request, OutputStore outputs, CancellationToken cancellationToken)
    {
        foreach (var task in request.Tasks)
        {
            foreach (var attempt in task.Attempts)
            {
                foreach (var (stream, text) in new[] { (OutputStream.Stdout, attempt.Stdout), (OutputStream.Stderr, attempt.Stderr) })
                {
                    if (string.IsNullOrEmpty(text))
                    {
                        continue;
                    }

                    if (!Base64.IsValid(text))
                    {
                        return false;
                    }

                    await outputs.WriteAsync(new(task.JobId, task.TaskId, attempt.Index, attempt.Attempt, stream), 0, Convert.FromBase64String(text), cancellationToken);
                }
            }
        }

        return true;
    }
}
