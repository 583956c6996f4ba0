using System.Security.Cryptography;
using System.Text;

namespace BatchPlane.Agent.Files;

/// <summary>A package as it was fetched.</summary>
/// <param name="Path">File of the archive.</param>
/// <param name="Tag">By which its source tells whether it changed.</param>
internal sealed record CachedPackage(string Path, string Tag);

/// <summary>
/// Packages kept on the node: <c>packages/&lt;hash of place and credentials&gt;.&lt;tag as base64url&gt;</c>. One fetch at a time for each place, so that a hundred
/// attempts that begin together fetch it once. Survives the agent; a file that is removed while somebody unpacks it stays readable.
/// </summary>
internal sealed class PackageCache
{
    private const int MaxTagLength = 120;
    private const int KeyLength = 64;
    private const string Part = ".part";

    private readonly Lock _trimming = new();
    private readonly string _directory;
    private readonly long _maxBytes;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, Gate> _gates = new(StringComparer.Ordinal);

    /// <summary>Takes over a directory; what was half fetched when the last agent died is removed.</summary>
    internal PackageCache(string directory, long maxBytes, TimeProvider time)
    {
        _directory = directory;
        _maxBytes = maxBytes;
        _time = time;
        Directory.CreateDirectory(directory);
        foreach (var partial in Directory.EnumerateFiles(directory).Where(path => path.EndsWith(Part, StringComparison.Ordinal) || PartialFiles.Is(Path.GetFileName(path))))
        {
            File.Delete(partial);
        }

        Trim();
    }

    /// <summary>Does what <paramref name="use"/> says with the package of a place, alone with this place on this node.</summary>
    /// <param name="place">Names the place and whoever may read it.</param>
    /// <param name="use">Gets the package that is kept, or null, and says which one to open.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The opened archive.</returns>
    internal async Task<FileStream> OpenAsync(string place, Func<CachedPackage?, Task<CachedPackage>> use, CancellationToken cancellation)
    {
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(place)));
        using var gate = Enter(key);
        await gate.Turn.WaitAsync(cancellation);
        try
        {
            var known = Find(key);
            var package = await use(known);
            if (package != known)
            {
                return Keep(key, known, package);
            }

            try
            {
                File.SetLastWriteTimeUtc(package.Path, _time.GetUtcNow().UtcDateTime);
                return Open(package.Path);
            }
            catch (FileNotFoundException)
            {
                // Removed meanwhile to make room for another one.
                return Keep(key, null, await use(null));
            }
        }
        finally
        {
            gate.Turn.Release();
        }
    }

    /// <summary>A file to fetch into.</summary>
    internal string NewFile() => Path.Combine(_directory, $"{Guid.NewGuid():N}{Part}");

    private Visit Enter(string key)
    {
        lock (_gates)
        {
            if (!_gates.TryGetValue(key, out var gate))
            {
                gate = new();
                _gates.Add(key, gate);
            }

            gate.Visitors++;
            return new(gate.Turn, () => Leave(key, gate));
        }
    }

    private void Leave(string key, Gate gate)
    {
        lock (_gates)
        {
            gate.Visitors--;
            if (gate.Visitors == 0)
            {
                _gates.Remove(key);
            }
        }
    }

    private FileStream Keep(string key, CachedPackage? old, CachedPackage package)
    {
        // Opened first: from here on it may be removed by anybody.
        var open = Open(package.Path);
        lock (_trimming)
        {
            if (old is not null)
            {
                File.Delete(old.Path);
            }
        }

        if (package.Tag.Length is 0 or > MaxTagLength || open.Length > _maxBytes)
        {
            File.Delete(package.Path);
            return open;
        }

        File.Move(package.Path, Path.Combine(_directory, $"{key}.{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(package.Tag))}"), overwrite: true);
        Trim();
        return open;
    }

    private CachedPackage? Find(string key)
    {
        var path = Directory.EnumerateFiles(_directory, key + ".*").FirstOrDefault();
        return path is null ? null : new(path, Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(Path.GetExtension(path).AsSpan(1))));
    }

    private void Trim()
    {
        // One at a time, so that no file is gone between being found and being measured; what is still being fetched has another form of name.
        lock (_trimming)
        {
            var kept = 0L;
            foreach (var file in new DirectoryInfo(_directory).EnumerateFiles().Where(file => file.Name.IndexOf('.', StringComparison.Ordinal) == KeyLength).OrderByDescending(file => file.LastWriteTimeUtc))
            {
                kept += file.Length;
                if (kept > _maxBytes)
                {
                    file.Delete();
                }
            }
        }
    }

    private static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 64 * 1024, useAsync: true);

    /// <summary>Whose turn it is with a place, as long as somebody wants it.</summary>
    private sealed class Gate
    {
        internal SemaphoreSlim Turn { get; } = new(1);

        internal int Visitors { get; set; }
    }

    private sealed record Visit(SemaphoreSlim Turn, Action Leave) : IDisposable
    {
        public void Dispose() => Leave();
    }
}
