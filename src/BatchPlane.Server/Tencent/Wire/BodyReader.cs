using System.Buffers;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tencent.Wire;

/// <summary>
/// Reads the bodies of requests of which nobody knows yet whether they are signed. Memory grows with what came, not with what was announced; one body, all of them together, and the time
/// that one takes have limits. Forms have an account of their own: who sent one is said in it, so that anybody can make the server hold it, and must not take the room of the others.
/// </summary>
internal sealed class BodyReader(IOptions<TencentOptions> options, TimeProvider time)
{
    private const int FirstBuffer = 4_096;
    private const int MaxSkipped = 64 * 1024 * 1024;

    private readonly Account _signed = new(options.Value.MaxBodyBytesInFlight);
    private readonly Account _forms = new(options.Value.MaxFormBytesInFlight);

    /// <summary>Bytes of bodies that are held now.</summary>
    internal long InFlight => _signed.Taken + _forms.Taken;

    /// <summary>
    /// The body, to be disposed of. What is too large is read to a bound and thrown away, since many clients look at the answer only when all is sent. Exactly one of body and error comes
    /// back; throws <see cref="IOException"/> when the client breaks off.
    /// </summary>
    internal async Task<(WireBody? Body, TencentError? Error)> ReadAsync(HttpContext context, bool isForm)
    {
        var (account, limit) = isForm ? (_forms, options.Value.MaxFormBytes) : (_signed, options.Value.MaxBodyBytes);
        Prepare(context, limit);
        var buffer = new ArrayBufferWriter<byte>(FirstBuffer);
        var body = new WireBody(account);
        var isHeld = false;
        try
        {
            TencentError? error = null;
            var isInTime = await InTimeAsync(context, async token =>
            {
                while (error is null && await context.Request.Body.ReadAsync(buffer.GetMemory(1), token) is > 0 and var read)
                {
                    buffer.Advance(read);
                    error = buffer.WrittenCount > limit ? TooLarge(limit) : body.TryGrow(read) ? null : NoRoom();
                }

                if (error is not null)
                {
                    buffer = new();
                    body.Dispose();
                    await SkipAsync(context, token);
                }
            });
            error ??= isInTime ? null : Late();
            isHeld = error is null;
            body.Bytes = buffer.WrittenMemory;
            return isHeld ? (body, null) : (null, error);
        }
        finally
        {
            if (!isHeld)
            {
                body.Dispose();
            }
        }
    }

    /// <summary>Reads and forgets what a client still sends of a request that is refused already.</summary>
    internal Task SkipAsync(HttpContext context)
    {
        Prepare(context, options.Value.MaxBodyBytes);
        return InTimeAsync(context, token => SkipAsync(context, token));
    }

    private static TencentError TooLarge(int limit) => new(ErrorCodes.RequestSizeLimitExceeded, FormattableString.Invariant($"The body is larger than {limit} bytes."));

    private static TencentError NoRoom() => new(ErrorCodes.RequestLimitExceeded, "The server holds as many bytes of requests as it may: try again later.");

    private TencentError Late() => new(ErrorCodes.InvalidRequest, FormattableString.Invariant($"The body was not here after {options.Value.BodySeconds} seconds."));

    private static void Prepare(HttpContext context, int limit)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = (long)limit + MaxSkipped;
        }
    }

    /// <summary>False: the time for a body was over.</summary>
    private async Task<bool> InTimeAsync(HttpContext context, Func<CancellationToken, Task> read)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(options.Value.BodySeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, deadline.Token);
        try
        {
            await read(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            context.Response.Headers.Connection = "close";
            return false;
        }
    }

    private static async Task SkipAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var scrap = ArrayPool<byte>.Shared.Rent(16_384);
        try
        {
            var left = MaxSkipped;
            while (left > 0 && await context.Request.Body.ReadAsync(scrap, cancellationToken) is > 0 and var read)
            {
                left -= read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scrap);
        }
    }

    /// <summary>Bytes that are held of one kind of bodies.</summary>
    internal sealed class Account(long limit)
    {
        private long _taken;

        internal long Taken => Interlocked.Read(ref _taken);

        internal bool TryTake(int bytes)
        {
            if (Interlocked.Add(ref _taken, bytes) <= limit)
            {
                return true;
            }

            Interlocked.Add(ref _taken, -bytes);
            return false;
        }

        internal void Return(long bytes) => Interlocked.Add(ref _taken, -bytes);
    }
}

/// <summary>A body that is held, and counted until it is disposed of.</summary>
internal sealed class WireBody(BodyReader.Account account) : IDisposable
{
    private long _taken;

    /// <summary>As it came.</summary>
    internal ReadOnlyMemory<byte> Bytes { get; set; }

    /// <summary>Counts more bytes; false: there is no room for them.</summary>
    internal bool TryGrow(int bytes)
    {
        if (!account.TryTake(bytes))
        {
            return false;
        }

        _taken += bytes;
        return true;
    }

    public void Dispose()
    {
        account.Return(_taken);
        _taken = 0;
    }
}
