namespace BatchPlane.Agent.Files;

/// <summary>Copies bytes so that a transfer that stands still ends, and a file appears whole or not at all.</summary>
internal sealed class FileCopy(StagingOptions options, TimeProvider time)
{
    private const int BufferBytes = 256 * 1024;

    private readonly TimeSpan _stallTimeout = options.StallTimeout;

    // Longer than any copy can stand still.
    private readonly PartialFiles _partials = new(options.Timeout > options.StallTimeout ? options.Timeout : options.StallTimeout, time);

    /// <summary>Copies a stream to a file in or below a directory. Directories on the way are made, a file is replaced; more than <paramref name="maxBytes"/> is refused.</summary>
    /// <param name="source">What to copy, from where it stands.</param>
    /// <param name="directory">Where to.</param>
    /// <param name="name">Name there, with slashes.</param>
    /// <param name="maxBytes">Most bytes.</param>
    /// <param name="mode">Permissions of the file; null: those that new files have.</param>
    /// <param name="cancellation">Breaks it off.</param>
    internal async Task ToDirectoryAsync(Stream source, HeldDirectory directory, string name, long maxBytes, UnixFileMode? mode, CancellationToken cancellation)
    {
        var (below, last) = HeldDirectory.Split(name);
        using var parent = directory.Descend(below, makes: true);
        _partials.Sweep(parent);
        var partial = PartialFiles.NewName();
        try
        {
            await using (var target = parent.Create(partial))
            {
                await CopyAsync(source, target, maxBytes, cancellation);
                if (mode is { } permissions)
                {
                    FileModes.Set(target.SafeFileHandle, permissions);
                }
            }

            parent.Rename(partial, last);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            parent.TryRemove(partial);
            throw new StagingException($"{parent.PathOf(last)}: {e.Message}", e);
        }
        catch
        {
            parent.TryRemove(partial);
            throw;
        }
    }

    /// <summary>The same, to a path of the agent's own.</summary>
    internal async Task ToFileAsync(Stream source, string path, long maxBytes, CancellationToken cancellation)
    {
        using var directory = HeldDirectory.Open(Path.GetDirectoryName(path)!);
        await ToDirectoryAsync(source, directory, Path.GetFileName(path), maxBytes, mode: null, cancellation);
    }

    /// <summary>Copies an opened file, with its permissions.</summary>
    internal Task FileAsync(FileStream source, HeldDirectory directory, string name, CancellationToken cancellation) =>
        ToDirectoryAsync(source, directory, name, long.MaxValue, FileModes.Of(source.SafeFileHandle), cancellation);

    /// <summary>A stream that fails when nothing has come for a while; ends the one below.</summary>
    internal StallGuard Guarded(Stream source) => new(source, _stallTimeout, time);

    private async Task CopyAsync(Stream source, Stream target, long maxBytes, CancellationToken cancellation)
    {
        var buffer = new byte[BufferBytes];
        var copied = 0L;
        var guarded = Guarded(source);
        while (await guarded.ReadAsync(buffer, cancellation) is > 0 and var read)
        {
            copied += read;
            if (copied > maxBytes)
            {
                throw new StagingException(FormattableString.Invariant($"it is larger than {maxBytes} bytes"));
            }

            await target.WriteAsync(buffer.AsMemory(0, read), cancellation);
        }
    }
}
