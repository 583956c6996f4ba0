using System.Collections.Concurrent;
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

    private readonly string _directory;
    private readonly long _maxBytes;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _gates = new(StringComparer.Ordinal);

    /// <summary>Takes over a directory; what was half fetched when the last agent died is removed.</summary>
    internal PackageCache(string directory, long maxBytes, TimeProvider time)
    {
        _directory = directory;
        _maxBytes = maxBytes;
        _time = time;
        Directory.CreateDirectory(directory);
        foreach (var partial in Directory.EnumerateFiles(directory, "*.part*"))
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
        var gate = _gates.GetOrAdd(key, _ => new SemaphoreSlim(1));
        await gate.WaitAsync(cancellation);
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
            gate.Release();
        }
    }

    /// <summary>A file to fetch into.</summary>
    internal string NewFile() => Path.Combine(_directory, $"{Guid.NewGuid():N}.part");

    private FileStream Keep(string key, CachedPackage? old, CachedPackage package)
    {
        // Opened first: from here on it may be removed by anybody.
        var open = Open(package.Path);
        if (old is not null)
        {
            File.Delete(old.Path);
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
        var kept = 0L;
        foreach (var file in new DirectoryInfo(_directory).EnumerateFiles().Where(file => file.Extension != ".part").OrderByDescending(file => file.LastWriteTimeUtc))
        {
            kept += file.Length;
            if (kept > _maxBytes)
            {
                file.Delete();
            }
        }
    }

    private static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 64 * 1024, useAsync: true);
}
