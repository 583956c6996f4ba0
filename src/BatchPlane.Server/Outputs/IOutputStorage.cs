namespace BatchPlane.Server.Outputs;

/// <summary>
/// Where outputs of attempts are kept, shared by all servers. An output only grows, at its end, and by one writer: the agent that holds the
/// attempt. Pieces may be written again, whole or cut differently, always with the same bytes at the same place. Empty outputs leave no trace.
/// </summary>
internal interface IOutputStorage
{
    /// <summary>How many writes at once are worth while, from 1.</summary>
    int ParallelWrites { get; }

    /// <summary>Writes a piece at an offset; writing it again changes nothing. On return it is there for every server.</summary>
    /// <exception cref="OutputStorageException">The storage cannot take it now.</exception>
    Task WriteAsync(OutputOf output, long offset, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken);

    /// <summary>An output as it is now, of which the bytes from <paramref name="from"/> on will be read; null when nothing of it was written.</summary>
    /// <exception cref="OutputStorageException">The storage does not answer.</exception>
    Task<OutputContent?> OpenAsync(OutputOf output, long from, CancellationToken cancellationToken);

    /// <summary>
    /// Removes outputs of a job, at most about <paramref name="limit"/> files: all of them, or those written before a time. True when no such
    /// output is left; safe to repeat and to run on several servers.
    /// </summary>
    Task<bool> RemoveAsync(string jobId, DateTimeOffset? writtenBefore, int limit, CancellationToken cancellationToken);
}

/// <summary>An output as long as it was when it was opened: an answer must not become longer than the length it announced.</summary>
internal abstract class OutputContent : IAsyncDisposable
{
    /// <summary>Bytes from the output's begin to its present end.</summary>
    internal abstract long Length { get; }

    /// <summary>Reads at a position; 0 at the end only.</summary>
    internal abstract ValueTask<int> ReadAsync(long position, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}

/// <summary>The storage of outputs does not work now; whoever asked may try again later.</summary>
internal sealed class OutputStorageException(string message, Exception inner) : IOException(message, inner);
