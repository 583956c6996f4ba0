using System.Globalization;
using BatchPlane.Server.Outputs;

namespace BatchPlane.Server.Jobs;

/// <summary>
/// Sends an output from a place on, and, when it is followed, what is added until it is complete. Chunked; an answer that ends well is complete.
/// When the server stops, or the storage fails, the connection is broken off, so that nobody takes a part for the whole: the caller goes on with
/// <c>offset</c> at any server.
/// </summary>
internal sealed class OutputAnswer(IOutputStorage storage, OutputOf output, long offset, FollowedOutput? followed, CancellationToken stopping) : IResult
{
    /// <summary>Header with the place of the first byte sent, from 0.</summary>
    internal const string OffsetHeader = "Batchplane-Output-Offset";

    /// <summary>Header with the number of the attempt.</summary>
    internal const string AttemptHeader = "Batchplane-Attempt";

    private const int BufferBytes = 64 * 1024;

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = GetOutput.ContentType;
        response.Headers[OffsetHeader] = offset.ToString(CultureInfo.InvariantCulture);
        response.Headers[AttemptHeader] = output.Attempt.ToString(CultureInfo.InvariantCulture);
        response.Headers.CacheControl = "no-store";
        // Proxies that gather answers would hold up what is followed.
        response.Headers["X-Accel-Buffering"] = "no";
        await response.StartAsync(httpContext.RequestAborted);
        await response.Body.FlushAsync(httpContext.RequestAborted);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, stopping);
        try
        {
            await SendAsync(response, end.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or OutputStorageException)
        {
            httpContext.Abort();
        }
    }

    private async Task SendAsync(HttpResponse response, CancellationToken cancellation)
    {
        var position = offset;
        while (true)
        {
            var known = followed?.Now;
            position = await CopyAsync(response, position, cancellation);
            if (known is null || (known.IsComplete && position >= known.Length))
            {
                return;
            }

            await response.Body.FlushAsync(cancellation);
            await known.Changed.WaitAsync(cancellation);
        }
    }

    private async Task<long> CopyAsync(HttpResponse response, long position, CancellationToken cancellation)
    {
        await using var content = await storage.OpenAsync(output, position, cancellation);
        while (content is not null && position < content.Length)
        {
            // Straight into the buffer of the connection: many followers need no memory of their own.
            var buffer = response.BodyWriter.GetMemory(BufferBytes);
            var read = await content.ReadAsync(position, buffer, cancellation);
            response.BodyWriter.Advance(read);
            position += read;
            await response.BodyWriter.FlushAsync(cancellation);
        }

        return position;
    }
}
