using System.Buffers;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Outputs;

/// <summary>
/// Takes outputs from agents into the storage. No more than <see cref="OutputOptions.MaxConcurrentWrites"/> pieces are in memory at once, however
/// many agents write: the others wait in their connections, unread.
/// </summary>
internal sealed class OutputIntake(IOutputStorage storage, IOptions<OutputOptions> options) : IDisposable
{
    private readonly SemaphoreSlim _room = new(options.Value.MaxConcurrentWrites);

    /// <summary>Reads a piece and stores it.</summary>
    /// <exception cref="OutputStorageException">The storage cannot take it now.</exception>
    internal async Task TakeAsync(OutputOf output, long offset, int length, Stream body, CancellationToken cancellationToken)
    {
        await _room.WaitAsync(cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var piece = buffer.AsMemory(0, length);
            await body.ReadExactlyAsync(piece, cancellationToken);
            // An agent keeps to the limit by itself, with a note; this is the backstop, with room for the note.
            if (offset <= options.Value.MaxBytes + options.Value.MaxPieceBytes - length)
            {
                await storage.WriteAsync(output, offset, piece, cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _room.Release();
        }
    }

    /// <summary>Stores short outputs, each whole.</summary>
    /// <exception cref="OutputStorageException">The storage cannot take one of them now.</exception>
    internal async Task TakeAsync(IReadOnlyList<(OutputOf Output, byte[] Bytes)> outputs, CancellationToken cancellationToken)
    {
        if (storage.ParallelWrites == 1)
        {
            foreach (var (output, bytes) in outputs)
            {
                await storage.WriteAsync(output, 0, bytes, cancellationToken);
            }
        }
        else
        {
            await Parallel.ForEachAsync(
                outputs,
                new ParallelOptions { MaxDegreeOfParallelism = storage.ParallelWrites, CancellationToken = cancellationToken },
                async (item, cancellation) => await storage.WriteAsync(item.Output, 0, item.Bytes, cancellation));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _room.Dispose();
}
