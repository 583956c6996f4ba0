using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Scheduling;
using BatchPlane.Server.Api;
using BatchPlane.Server.Outputs;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Agents;

/// <summary>An agent uploads a piece of an attempt's output.</summary>
internal static class AppendOutput
{
    internal static async Task<IResult> HandleAsync(
        HttpContext context,
        string nodeId,
        string jobId,
        long taskId,
        int index,
        int attempt,
        string stream,
        long offset,
        long epoch,
        AgentGate gate,
        ClaimStore claims,
        OutputIntake outputs,
        IOptions<OutputOptions> options)
    {
        if (gate.Refuse(context.Request, nodeId, epoch) is { } refusal)
        {
            return refusal;
        }

        if (!EntityId.IsWellFormed(EntityId.Job, jobId) || stream is not ("stdout" or "stderr") || offset < 0)
        {
            return new ProblemResult(ProblemKind.BadRequest, "Expected a job id, stdout or stderr, and an offset from 0.");
        }

        var limit = options.Value.MaxPieceBytes;
        if (context.Request.ContentLength is not { } length || length > limit)
        {
            return new ProblemResult(ProblemKind.BodyTooLarge, FormattableString.Invariant($"A piece has a Content-Length of at most {limit} bytes."));
        }

        var output = new OutputOf(jobId, taskId, index, attempt, stream == "stdout" ? OutputStream.Stdout : OutputStream.Stderr);
        if ((await claims.HeldAsync(nodeId, epoch, [output.AttemptRef], context.RequestAborted)).Count == 0)
        {
            return new ProblemResult(ProblemKind.AttemptNotHeld, "The node does not hold this attempt.");
        }

        try
        {
            await outputs.TakeAsync(output, offset, (int)length, context.Request.Body, context.RequestAborted);
            return Results.NoContent();
        }
        catch (OutputStorageException exception)
        {
            return new ProblemResult(ProblemKind.OutputStorage, exception.Message);
        }
    }
}
