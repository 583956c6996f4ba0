using System.Buffers;
using System.Collections.Concurrent;
using BatchPlane.Contracts;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Outputs;

/// <summary>
/// Takes outputs from agents into the storage. No more than <see cref="OutputOptions.MaxConcurrentWrites"/> pieces are in memory at once, however
/// many agents write: the others wait in their connections, unread. A storage that does not answer within <see cref="OutputOptions.WriteSeconds"/> has failed.
/// </summary>
internal sealed class OutputIntake(IOutputStorage storage, OutputStatus status, IOptions<OutputOptions> options, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _room = new(options.Value.MaxConcurrentWrites);

    private TimeSpan Patience => TimeSpan.FromSeconds(options.Value.WriteSeconds);

    private string TooSlow => FormattableString.Invariant($"The storage has not answered within {options.Value.WriteSeconds} s.");

    /// <summary>Reads a piece and stores it.</summary>
    /// <exception cref="OutputStorageException">The storage cannot take it now.</exception>
    internal async Task TakeAsync(OutputOf output, long offset, int length, Stream body, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        if (!await _room.WaitAsync(Patience, cancellationToken))
        {
            throw new OutputStorageException(FormattableString.Invariant($"There was no room for another piece within {options.Value.WriteSeconds} s."), new TimeoutException());
        }

        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            await body.ReadExactlyAsync(buffer.AsMemory(0, length), cancellationToken);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _room.Release();
            throw;
        }

        await WithinAsync(WriteAsync(output, offset, buffer, length), begun, cancellationToken);
    }

    /// <summary>Stores short outputs, each whole. Returns why, for attempts of which one was not; when the time is over, the rest is not.</summary>
    internal async Task<IReadOnlyDictionary<AttemptRef, string>> TakeAsync(IReadOnlyList<(OutputOf Output, byte[] Bytes)> outputs, CancellationToken cancellationToken)
    {
        var failed = new ConcurrentDictionary<AttemptRef, string>();
        var begun = time.GetTimestamp();
        await Parallel.ForEachAsync(
            outputs,
            new ParallelOptions { MaxDegreeOfParallelism = storage.ParallelWrites, CancellationToken = cancellationToken },
            async (item, cancellation) =>
            {
                try
                {
                    if (time.GetElapsedTime(begun) >= Patience)
                    {
                        throw new OutputStorageException(TooSlow, new TimeoutException());
                    }

                    await WithinAsync(storage.WriteAsync(item.Output, 0, item.Bytes, CancellationToken.None), begun, cancellation);
                }
                catch (OutputStorageException exception)
                {
                    failed[item.Output.AttemptRef] = exception.Message;
                }
            });
        return failed;
    }

    /// <inheritdoc/>
    public void Dispose() => _room.Dispose();

    // Not cancelled with the request: the buffer belongs to the storage until it is done.
    private async Task WriteAsync(OutputOf output, long offset, byte[] buffer, int length)
    {
        try
        {
            // An agent keeps to the limit by itself, with a note; this is the backstop, with room for the note.
            if (offset <= options.Value.MaxBytes + options.Value.MaxPieceBytes - length)
            {
                await storage.WriteAsync(output, offset, buffer.AsMemory(0, length), CancellationToken.None);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _room.Release();
        }
    }

    private async Task WithinAsync(Task write, long begun, CancellationToken cancellationToken)
    {
        try
        {
            var left = Patience - time.GetElapsedTime(begun);
            await write.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, cancellationToken);
            status.Worked();
        }
        catch (TimeoutException exception)
        {
            status.Failed(TooSlow);
            throw new OutputStorageException(TooSlow, exception);
        }
        catch (OutputStorageException exception)
        {
            status.Failed(exception.Message);
            throw;
        }
    }
}
