using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using BatchPlane.Agent.Executors;

namespace BatchPlane.Agent.Hosts;

/// <summary>
/// Working directories that attempts left as they got them, to be used again under another name. Most are, and making and removing one costs
/// several times as much as renaming it: ext4 searches longer for a free inode the more were freed in the last minutes, and where the
/// disk is mounted with <c>discard</c>, each removal waits for it.
/// </summary>
/// <remarks>
/// A daemon that got away from its attempt may still have the directory as its own, and would write into that of another attempt. So a
/// directory is a suspect until a look at all processes younger than the agent has shown that none holds it; one look serves many
/// suspects. This keeps accidents apart, not enemies: attempts of one agent run as one user, who may write everywhere in any case.
/// </remarks>
internal sealed class SpareDirectories
{
    private const int LongestPath = 4_096;
    private const int SparesMax = 1_024;
    private const int DefaultSuspectsPerLook = 256;

    private readonly ConcurrentStack<string> _spares = new();
    private readonly List<string> _suspects = [];
    private readonly string _directory;
    private readonly string _resolved;
    private readonly int _suspectsPerLook;
    private readonly long _since = Native.BootTicks();
    private long _made;

    /// <summary>Takes over <paramref name="directory"/>: what is in it is removed.</summary>
    /// <param name="directory">Absolute, on the file system of the working directories.</param>
    /// <param name="suspectsPerLook">After how many directories taken the processes are looked at.</param>
    internal SpareDirectories(string directory, int suspectsPerLook = DefaultSuspectsPerLook)
    {
        _directory = directory;
        _suspectsPerLook = suspectsPerLook;
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }

        Directory.CreateDirectory(directory);
        _resolved = Resolved(directory);
    }

    /// <summary>Gives a spare directory a name that is not taken. False: there is none, or errno says why it cannot.</summary>
    internal bool TryUse(string path)
    {
        if (!_spares.TryPop(out var spare))
        {
            return false;
        }

        if (Native.Rename(spare, path) == 0)
        {
            return true;
        }

        var error = Marshal.GetLastPInvokeError();
        _spares.Push(spare);
        Marshal.SetLastPInvokeError(error);
        return false;
    }

    /// <summary>Takes a directory away when it is as it was; false leaves it where it is. Not safe for use by two threads at once.</summary>
    internal bool TryTake(string path, DirectoryStamp? asMade)
    {
        // Older kernels set times in ticks of a few milliseconds, in which an entry may go unseen: hence the second look.
        if (asMade is null || _spares.Count + _suspects.Count >= SparesMax || DirectoryStamp.Of(path) != asMade || Directory.EnumerateFileSystemEntries(path).Any())
        {
            return false;
        }

        var spare = string.Create(CultureInfo.InvariantCulture, $"{_directory}/{++_made}");
        if (Native.Rename(path, spare) != 0)
        {
            return false;
        }

        _suspects.Add(spare);
        if (_suspects.Count >= _suspectsPerLook)
        {
            Sift();
        }

        return true;
    }

    private void Sift()
    {
        var held = Held();
        foreach (var suspect in _suspects)
        {
            if (held is null || held.Contains(suspect))
            {
                _ = Native.RemoveDirectory(suspect);
            }
            else
            {
                _spares.Push(suspect);
            }
        }

        _suspects.Clear();
    }

    // Null when a process cannot be looked into that may hold one.
    private HashSet<string>? Held()
    {
        var held = new HashSet<string>(StringComparer.Ordinal);
        foreach (var process in ProcessStat.All())
        {
            if (process.StartTicks >= _since && !process.IsKernelThread && process.Pid != Environment.ProcessId && !TryAdd(process.Pid, held))
            {
                return null;
            }
        }

        return held;
    }

    private bool TryAdd(int pid, HashSet<string> held)
    {
        var root = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}");
        try
        {
            Add(root + "/cwd", held);
            Add(root + "/root", held);
            foreach (var file in Directory.EnumerateFileSystemEntries(root + "/fd"))
            {
                Add(file, held);
            }
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            // It has ended.
        }

        return true;
    }

    // The directory itself or a removed one that was in it, from which ".." still leads there.
    private void Add(string link, HashSet<string> held)
    {
        if (TargetOf(link) is { } target && target.StartsWith(_resolved + "/", StringComparison.Ordinal))
        {
            var name = target[(_resolved.Length + 1)..];
            var end = name.IndexOf('/', StringComparison.Ordinal);
            held.Add($"{_directory}/{(end < 0 ? name : name[..end])}");
        }
    }

    // As the kernel names it in /proc, without symbolic links.
    private static string Resolved(string directory)
    {
        var fd = Native.Open(directory, Native.OpenReadOnly | Native.CloseOnExec);
        if (fd < 0)
        {
            return directory;
        }

        var target = TargetOf(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{fd}"));
        _ = Native.Close(fd);
        return target ?? directory;
    }

    // The plain system call: there may be thousands of links to look at.
    private static unsafe string? TargetOf(string link)
    {
        var buffer = stackalloc byte[LongestPath];
        var length = Native.ReadLink(link, buffer, LongestPath);
        return length > 0 ? Encoding.UTF8.GetString(buffer, (int)length) : null;
    }
}
