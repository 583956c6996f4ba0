namespace BatchPlane.Agent.Files;

/// <summary>
/// A directory that an archive is unpacked into, and that nothing of it gets out of. Refused with the entry's name: absolute paths, <c>..</c>,
/// anything below a link, links whose target lies outside, devices, more entries or bytes than allowed. What is written is counted, not what
/// the archive says.
/// </summary>
internal sealed class SafeTree(string root, int maxEntries, long maxBytes)
{
    private const int BufferBytes = 128 * 1024;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _entries;
    private long _bytes;

    /// <summary>Most files and directories, those included that only stand in the path of others.</summary>
    internal int MaxEntries => maxEntries;

    /// <summary>Makes a directory.</summary>
    internal void AddDirectory(string name)
    {
        if (Enter(name) is { Length: > 0 } path)
        {
            MakeDirectories(Path.GetDirectoryName(Normal(name)) ?? "");
            MakeDirectory(name, path);
        }
    }

    /// <summary>Writes a file, which replaces one of the same name: archives that were added to have older ones in front.</summary>
    internal async Task AddFileAsync(string name, Stream content, UnixFileMode mode, CancellationToken cancellation)
    {
        var path = EnterFile(name);
        await using (var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 }))
        {
            while (await content.ReadAsync(_buffer, cancellation) is > 0 and var read)
            {
                _bytes += read;
                if (_bytes > maxBytes)
                {
                    throw new StagingException(FormattableString.Invariant($"unpacked it is larger than {maxBytes} bytes"));
                }

                await file.WriteAsync(_buffer.AsMemory(0, read), cancellation);
            }
        }

        // The owner can always read and remove what was unpacked.
        FileModes.Set(path, mode | UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Makes a symbolic link whose target lies inside.</summary>
    internal void AddLink(string name, string target)
    {
        if (!IsInside(Normal(name), target))
        {
            throw new StagingException($"the link '{name}' leads to '{target}', outside of its directory");
        }

        File.CreateSymbolicLink(EnterFile(name), target);
    }

    /// <summary>A hard link: a copy of a file that was unpacked before.</summary>
    internal async Task AddCopyAsync(string name, string target, CancellationToken cancellation)
    {
        var source = Path.Combine(root, Normal(target));
        CheckParents(Normal(target), target);
        if (new FileInfo(source) is not { Exists: true, LinkTarget: null } file)
        {
            throw new StagingException($"the link '{name}' leads to '{target}', which is no file before it");
        }

        await using var content = file.OpenRead();
        await AddFileAsync(name, content, file.UnixFileMode, cancellation);
    }

    private string EnterFile(string name)
    {
        var path = Enter(name);
        if (path.Length == 0)
        {
            throw new StagingException($"the entry '{name}' has no name");
        }

        MakeDirectories(Path.GetDirectoryName(Normal(name)) ?? "");

        // Also a link: it would be written through.
        File.Delete(path);
        return path;
    }

    // The path of an entry; empty for the directory itself.
    private string Enter(string name)
    {
        Count();
        var normal = Normal(name);
        CheckParents(normal, name);
        return normal.Length == 0 ? "" : Path.Combine(root, normal);
    }

    private static string Normal(string name)
    {
        if (name.StartsWith('/') || name.Contains('\0', StringComparison.Ordinal) || name.Split('/').Contains(".."))
        {
            throw new StagingException($"the entry '{name}' climbs out of the directory");
        }

        return string.Join('/', name.Split('/').Where(part => part is not ("" or ".")));
    }

    private void CheckParents(string normal, string name)
    {
        for (var slash = normal.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = normal.IndexOf('/', slash + 1))
        {
            if (new DirectoryInfo(Path.Combine(root, normal[..slash])).LinkTarget is not null)
            {
                throw new StagingException($"the entry '{name}' lies below a link");
            }
        }
    }

    private void Count()
    {
        _entries++;
        if (_entries > maxEntries)
        {
            throw new StagingException(FormattableString.Invariant($"it has more than {maxEntries} entries"));
        }
    }

    // Those that no entry names cost as much as those that one does, so they count as well.
    private void MakeDirectories(string normal)
    {
        if (normal.Length == 0 || Directory.Exists(Path.Combine(root, normal)))
        {
            return;
        }

        for (var end = 0; end < normal.Length; end++)
        {
            end = normal.IndexOf('/', end) is > 0 and var slash ? slash : normal.Length;
            var path = Path.Combine(root, normal[..end]);
            if (!Directory.Exists(path))
            {
                Count();
                MakeDirectory(normal, path);
            }
        }
    }

    private static void MakeDirectory(string name, string path)
    {
        if (new DirectoryInfo(path).LinkTarget is not null)
        {
            throw new StagingException($"the entry '{name}' lies below a link");
        }

        Directory.CreateDirectory(path);
    }

    // Going up comes first, then only down: so the text alone says where it ends, whatever other links it passes, each of which ends inside as well.
    private static bool IsInside(string name, string target)
    {
        if (target.Length == 0 || target.StartsWith('/') || target.Contains('\0', StringComparison.Ordinal))
        {
            return false;
        }

        var parts = target.Split('/').Where(part => part is not ("" or ".")).ToList();
        var up = parts.TakeWhile(part => part == "..").Count();
        return up <= name.Count(c => c == '/') && !parts.Skip(up).Contains("..");
    }
}
