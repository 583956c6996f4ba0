using BatchPlane.Core.Database;
using BatchPlane.Server.Tencent.Actions;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tencent.Wire;

/// <summary>
/// One request from beginning to end: read, find out who sent it, find the action, read its fields, do it, answer. Whatever happens, the answer is one that clients of Tencent
/// understand: what went wrong inside goes to the log with the request's id, only the id to the caller.
/// </summary>
internal sealed partial class TencentFacade(RequestGate gate, ActionTable actions, IOptions<TencentOptions> options, ILogger<TencentFacade> logger)
{
    internal async Task HandleAsync(HttpContext context)
    {
        var requestId = Guid.NewGuid().ToString();
        try
        {
            await Envelope.WriteAsync(context, requestId, await AnswerAsync(context, requestId));
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody reads the answer.
        }
    }

    private async Task<ActionAnswer> AnswerAsync(HttpContext context, string requestId)
    {
        var (request, error) = (default(WireRequest), default(TencentError));
        try
        {
            (request, error) = await WireRequest.ReadAsync(context, options.Value);
            var answer = request is null ? new ActionAnswer(error!) : await AnswerAsync(request, context.RequestAborted);
            Log.Answered(logger, request?.Action ?? "", answer.Error?.Code ?? "", request?.Client ?? "", requestId);
            return answer;
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            throw;
        }
        catch (BadHttpRequestException exception)
        {
            return new(new(ErrorCodes.InvalidRequest, exception.Message));
        }
        catch (Exception exception) when (ExpectedFaults.IsTransient(exception))
        {
            Log.Unavailable(logger, request?.Action ?? "", exception.Message);
            return new(new(ErrorCodes.ServiceUnavailable, "The server cannot reach its database; try again later, with the same ClientToken."));
        }
#pragma warning disable CA1031 // The last stop: a client of Tencent cannot read anything but an answer of this form.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Log.Failed(logger, exception, request?.Action ?? "", requestId);
            return new(new(ErrorCodes.InternalError, $"Something went wrong here; the server's log has it under {requestId}."));
        }
    }

    private async Task<ActionAnswer> AnswerAsync(WireRequest request, CancellationToken cancellationToken)
    {
        var (caller, refusal) = await gate.AdmitAsync(request, cancellationToken);
        if (caller is null)
        {
            return new(refusal!);
        }

        if (actions.Find(request.Version, request.Action, out var unknown) is not { } action)
        {
            return new(unknown!);
        }

        var (document, malformed) = request.ReadParameters();
        if (document is null)
        {
            return new(malformed!);
        }

        using (document)
        {
            var (parameters, problem) = action.Spec.Request.Read(document.RootElement);
            return parameters is null
                ? new(problem!)
                : await action.HandleAsync(new ActionCall(action.Spec.Name, parameters, caller, cancellationToken));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1010, LogLevel.Debug, "Tencent {Action} answered {Code}, client {Client}, request {RequestId}")]
        internal static partial void Answered(ILogger logger, string action, string code, string client, string requestId);

        [LoggerMessage(1011, LogLevel.Error, "Tencent {Action} failed, request {RequestId}")]
        internal static partial void Failed(ILogger logger, Exception exception, string action, string requestId);

        [LoggerMessage(1012, LogLevel.Warning, "Tencent {Action} refused: PostgreSQL cannot be reached: {Reason}")]
        internal static partial void Unavailable(ILogger logger, string action, string reason);
    }
}
