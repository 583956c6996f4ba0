using Microsoft.Extensions.Options;
using Microsoft.Win32.SafeHandles;

namespace BatchPlane.Server.Outputs;

/// <summary>
/// Outputs as files below the data directory, <c>outputs/</c> and <see cref="OutputOf.Path"/>. Servers that share the work share this directory.
/// </summary>
internal sealed class DirectoryOutputStorage(ServerSettings settings, IOptions<OutputOptions> options) : IOutputStorage
{
    private readonly string _root = Path.Combine(settings.DataDirectory, "outputs");
    private readonly bool _forceToDisk = options.Value.ForceToDisk;

    /// <inheritdoc/>
    public int ParallelWrites => 1;

    /// <inheritdoc/>
    public async Task WriteAsync(OutputOf output, long offset, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        var path = Path.Combine(_root, output.Path);
        try
        {
            using var file = OpenForWriting(path);
            await RandomAccess.WriteAsync(file, piece, offset, cancellationToken);
            if (_forceToDisk)
            {
                RandomAccess.FlushToDisk(file);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new OutputStorageException($"The output {path} cannot be written: {exception.Message}", exception);
        }
    }

    /// <inheritdoc/>
    public Task<OutputContent?> OpenAsync(OutputOf output, long from, CancellationToken cancellationToken)
    {
        try
        {
            return Task.FromResult<OutputContent?>(new FileContent(
                File.OpenHandle(Path.Combine(_root, output.Path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous)));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<OutputContent?>(null);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new OutputStorageException($"The output {output.Path} cannot be read: {exception.Message}", exception);
        }
    }

    /// <inheritdoc/>
    public Task<bool> RemoveAsync(string jobId, DateTimeOffset? writtenBefore, int limit, CancellationToken cancellationToken)
    {
        var job = Path.Combine(_root, jobId);
        try
        {
            var files = new DirectoryInfo(job).EnumerateFiles("*", SearchOption.AllDirectories)
                .Where(file => writtenBefore is not { } before || file.LastWriteTimeUtc < before.UtcDateTime)
                .Take(limit)
                .ToList();
            files.ForEach(file => file.Delete());
            if (files.Count == limit)
            {
                return Task.FromResult(false);
            }

            RemoveEmpty(job);
        }
        catch (DirectoryNotFoundException)
        {
            // It wrote none, or another server was faster.
        }

        return Task.FromResult(true);
    }

    private static SafeFileHandle OpenForWriting(string path)
    {
        // The directory may be removed between its making and its use, when outputs of an earlier life of the job are removed.
        for (var tries = 1; ; tries++)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            try
            {
                return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            }
            catch (DirectoryNotFoundException) when (tries < 3)
            {
                // Made again.
            }
        }
    }

    private static void RemoveEmpty(string directory)
    {
        foreach (var child in Directory.EnumerateDirectories(directory))
        {
            RemoveEmpty(child);
        }

        if (!Directory.EnumerateFileSystemEntries(directory).Any())
        {
            try
            {
                Directory.Delete(directory);
            }
            catch (IOException)
            {
                // An output came meanwhile.
            }
        }
    }

    private sealed class FileContent(SafeFileHandle file) : OutputContent
    {
        internal override long Length { get; } = RandomAccess.GetLength(file);

        internal override ValueTask<int> ReadAsync(long position, Memory<byte> buffer, CancellationToken cancellationToken) =>
            position >= Length ? new(0) : RandomAccess.ReadAsync(file, buffer[..(int)Math.Min(buffer.Length, Length - position)], position, cancellationToken);

        public override ValueTask DisposeAsync()
        {
            file.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
