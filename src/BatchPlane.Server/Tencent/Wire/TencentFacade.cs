using BatchPlane.Core.Database;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.Tencent.Actions;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tencent.Wire;

/// <summary>
/// One request from beginning to end: look at its head, find out who sent it, find the action, read its fields, do it, answer. Whatever happens, the answer is one that clients of Tencent
/// understand: what went wrong inside goes to the log with the request's id, only the id to the caller.
/// </summary>
internal sealed partial class TencentFacade(RequestGate gate, BodyReader bodies, ActionTable actions, RequestLog log, IOptions<TencentOptions> options, ILogger<TencentFacade> logger)
{
    internal async Task HandleAsync(HttpContext context)
    {
        try
        {
            using var exchange = new Exchange(context);
            await Envelope.WriteAsync(context, await AnswerAsync(exchange));
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody reads the answer.
        }
    }

    /// <summary>The bytes of the answer: they are made within the reach of what answers for faults.</summary>
    private async Task<ReadOnlyMemory<byte>> AnswerAsync(Exchange exchange)
    {
        try
        {
            return Tell(exchange, await DecideAsync(exchange));
        }
        catch (Exception) when (exchange.Context.RequestAborted.IsCancellationRequested)
        {
            throw;
        }
        catch (IOException exception) when (exchange.Caller is null || exception is BadHttpRequestException)
        {
            return Tell(exchange, new(RefusalOf(exception)));
        }
        catch (Exception exception) when (ExpectedFaults.IsTransient(exception))
        {
            Log.Unavailable(logger, log.NameOf(exchange.Request), exception.Message);
            return Tell(exchange, ActionAnswer.Refuse(ErrorCodes.ServiceUnavailable, "The server cannot reach its database; try again later, with the same ClientToken."));
        }
#pragma warning disable CA1031 // The last stop: a client of Tencent cannot read anything but an answer of this form.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Log.Failed(logger, exception, log.NameOf(exchange.Request), exchange.RequestId);
            return Tell(exchange, ActionAnswer.Refuse(ErrorCodes.InternalError, $"Something went wrong here; the server's log has it under {exchange.RequestId}."));
        }
    }

    private ReadOnlyMemory<byte> Tell(Exchange exchange, ActionAnswer answer)
    {
        var bytes = Envelope.ToBytes(exchange.RequestId, answer);
        log.Answered(exchange.Context, exchange.Request, exchange.Caller is not null, answer.Error?.Code, exchange.RequestId);
        return bytes;
    }

    private async Task<ActionAnswer> DecideAsync(Exchange exchange)
    {
        (exchange.Request, var refusal) = WireRequest.Open(exchange.Context, options.Value);
        if (exchange.Request is { } opened)
        {
            (exchange.Caller, refusal) = await gate.AdmitAsync(opened, exchange.Context.RequestAborted);
        }

        if (exchange is { Request: { } request, Caller: { } caller })
        {
            return await AnswerAsync(request, caller, exchange.Context.RequestAborted);
        }

        if (exchange.Request is not { IsRead: true })
        {
            // Many clients look at the answer only when all is sent.
            await bodies.SkipAsync(exchange.Context);
        }

        return new(refusal!);
    }

    private async Task<ActionAnswer> AnswerAsync(WireRequest request, Caller caller, CancellationToken cancellationToken)
    {
        if (actions.Find(request.Version, request.Action, out var unknown) is not { } action)
        {
            return new(unknown!);
        }

        if (Regions.ProblemOf(request.Region) is { } foreign)
        {
            return new(foreign);
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
                : await action.HandleAsync(new ActionCall(action.Spec.Name, parameters, caller, cancellationToken) { Region = request.Region is { Length: > 0 } region ? region : null });
        }
    }

    private static TencentError RefusalOf(IOException exception) => exception is BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }
        ? new(ErrorCodes.RequestSizeLimitExceeded, "The body is larger than is taken.")
        : new(ErrorCodes.InvalidRequest, exception.Message);

    /// <summary>A request and what is known of it so far.</summary>
    private sealed class Exchange(HttpContext context) : IDisposable
    {
        internal HttpContext Context => context;

        internal string RequestId { get; } = Guid.NewGuid().ToString();

        internal WireRequest? Request { get; set; }

        /// <summary>Null: nobody is known to have sent it.</summary>
        internal Caller? Caller { get; set; }

        public void Dispose() => Request?.Dispose();
    }

    private static partial class Log
    {
        [LoggerMessage(1011, LogLevel.Error, "Tencent {Action} failed, request {RequestId}")]
        internal static partial void Failed(ILogger logger, Exception exception, string action, string requestId);

        [LoggerMessage(1012, LogLevel.Warning, "Tencent {Action} refused: PostgreSQL cannot be reached: {Reason}")]
        internal static partial void Unavailable(ILogger logger, string action, string reason);
    }
}
