using System.Collections.Concurrent;
using System.Globalization;
using BatchPlane.Agent.Executors;

namespace BatchPlane.Agent.Hosts;

/// <summary>A file that takes one output of one attempt.</summary>
/// <param name="path">Absolute.</param>
internal sealed class OutputFile(string path)
{
    private int _returned;

    internal string Path => path;

    /// <summary>True for the first caller only: an attempt may be given up while its output is still being brought away.</summary>
    internal bool TryReturn() => Interlocked.Exchange(ref _returned, 1) == 0;
}

/// <summary>
/// Output files of attempts, which are used again when they stayed empty. Most do, and making and removing files is the dearest part of a
/// short instance: ext4 searches longer for a free inode the more were freed in the last seconds.
/// </summary>
internal sealed class OutputFiles
{
    private const int SparesMax = 2_048;

    private readonly ConcurrentStack<string> _spares = new();
    private readonly string _directory;
    private long _made;

    /// <summary>Takes over <paramref name="directory"/>: what is in it is removed, but for the files to be <paramref name="kept"/>.</summary>
    internal OutputFiles(string directory, IReadOnlySet<string> kept)
    {
        _directory = directory;
        Directory.CreateDirectory(directory);
        foreach (var file in Directory.EnumerateFiles(directory))
        {
            if (kept.Contains(file))
            {
                _made = Math.Max(_made, long.Parse(Path.GetFileName(file), CultureInfo.InvariantCulture));
            }
            else
            {
                File.Delete(file);
            }
        }
    }

    /// <summary>A file for one output; it is empty, or not there yet.</summary>
    internal OutputFile Take() =>
        new(_spares.TryPop(out var spare) ? spare : string.Create(CultureInfo.InvariantCulture, $"{_directory}/{Interlocked.Increment(ref _made)}"));

    /// <summary>The output is not needed any more. Harmless when repeated.</summary>
    internal void Return(OutputFile file)
    {
        if (!file.TryReturn())
        {
            return;
        }

        if (_spares.Count < SparesMax && IsUnused(file.Path))
        {
            _spares.Push(file.Path);
        }
        else
        {
            _ = Native.Unlink(file.Path);
        }
    }

    // Empty, this user's own, and open nowhere else: a daemon that got away from its attempt must not write into the output of another. The kernel gives a
    // write lease only on a file that nobody else holds open; where it cannot tell, the file is not used again.
    private static bool IsUnused(string path)
    {
        var info = new FileInfo(path);
        if (!info.Exists || info.Length > 0 || Removal.IsForeign(path))
        {
            return false;
        }

        var fd = Native.Open(path, Native.OpenForLease);
        if (fd < 0)
        {
            return false;
        }

        var alone = Native.FileControl(fd, Native.SetLease, Native.WriteLease) == 0;
        _ = Native.Close(fd);
        return alone;
    }
}
