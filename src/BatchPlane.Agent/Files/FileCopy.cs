namespace BatchPlane.Agent.Files;

/// <summary>Copies bytes so that a transfer that stands still ends, and a file appears whole or not at all.</summary>
internal sealed class FileCopy(TimeSpan stallTimeout, TimeProvider time)
{
    private const int BufferBytes = 256 * 1024;

    /// <summary>Copies a stream to a new file of the node. Replaces a file; refuses more than <paramref name="maxBytes"/>.</summary>
    /// <returns>Bytes copied.</returns>
    internal async Task<long> ToFileAsync(Stream source, string path, long maxBytes, CancellationToken cancellation)
    {
        var partial = $"{path}.batchplane-{Guid.NewGuid():N}";
        try
        {
            long copied;
            await using (var target = new FileStream(partial, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, useAsync: true))
            {
                copied = await CopyAsync(source, target, maxBytes, cancellation);
            }

            File.Move(partial, path, overwrite: true);
            return copied;
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    /// <summary>Copies a file on the node, with its permissions.</summary>
    internal async Task FileAsync(string source, string target, CancellationToken cancellation)
    {
        await using (var file = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, useAsync: true))
        {
            await ToFileAsync(file, target, long.MaxValue, cancellation);
        }

        FileModes.Set(target, FileModes.Of(source));
    }

    private async Task<long> CopyAsync(Stream source, Stream target, long maxBytes, CancellationToken cancellation)
    {
        var buffer = new byte[BufferBytes];
        var copied = 0L;
        using var stall = new CancellationTokenSource(stallTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stall.Token, cancellation);
        try
        {
            while (await source.ReadAsync(buffer, either.Token) is > 0 and var read)
            {
                copied += read;
                if (copied > maxBytes)
                {
                    throw new StagingException(FormattableString.Invariant($"it is larger than {maxBytes} bytes"));
                }

                await target.WriteAsync(buffer.AsMemory(0, read), either.Token);
                stall.CancelAfter(stallTimeout);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new StagingException($"nothing has come for {stallTimeout.TotalSeconds:0} s");
        }

        return copied;
    }
}
