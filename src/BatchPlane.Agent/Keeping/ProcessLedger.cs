using System.Globalization;
using System.Text;
using BatchPlane.Agent.Executors;
using Microsoft.Win32.SafeHandles;

namespace BatchPlane.Agent.Keeping;

/// <summary>
/// Remembers on disk which process groups a keeper started, so that the next keeper of the same directory can end what a killed
/// one left running: nobody learns how those attempts end.
/// </summary>
/// <remarks>
/// One line per start, <c>pid earliest latest</c>, with the bounds of its start time in ticks since boot; the first line is the boot's id. Written
/// without fsync: it has to outlive the process, not the machine. A start is not taken back at its end; the file is written
/// anew with the running ones each time it has grown by <see cref="CompactEvery"/> lines.
/// </remarks>
internal sealed class ProcessLedger : IDisposable
{
    private const int CompactEvery = 20_000;
    private const string BootIdPath = "/proc/sys/kernel/random/boot_id";

    private readonly Lock _gate = new();
    private readonly Dictionary<int, string> _running = [];
    private readonly string _path;
    private SafeFileHandle _file;
    private long _length;
    private int _lines;

    private ProcessLedger(string path)
    {
        _path = path;
        _file = Create();
    }

    /// <summary>Kills what the last keeper recorded in <paramref name="path"/> and is still running, then begins a new record there.</summary>
    /// <param name="path">The ledger; the caller holds the lock of the keeper.</param>
    /// <param name="killed">How many processes were killed.</param>
    internal static ProcessLedger Open(string path, out int killed)
    {
        killed = File.Exists(path) ? KillOrphans(File.ReadAllLines(path)) : 0;
        return new ProcessLedger(path);
    }

    /// <summary>Records a start.</summary>
    /// <param name="pid">The group's leader.</param>
    /// <param name="earliest">Ticks since boot just before the start.</param>
    /// <param name="latest">Ticks since boot just after it.</param>
    internal void Started(int pid, long earliest, long latest)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{pid} {earliest} {latest}\n");
        lock (_gate)
        {
            _running[pid] = line;
            if (++_lines > CompactEvery)
            {
                _file.Dispose();
                _file = Create();
            }
            else
            {
                Append(line);
            }
        }
    }

    /// <summary>The group is gone.</summary>
    internal void Ended(int pid)
    {
        lock (_gate)
        {
            _running.Remove(pid);
        }
    }

    /// <summary>Ends the record; nothing runs any more.</summary>
    public void Dispose() => _file.Dispose();

    private static int KillOrphans(string[] lines)
    {
        if (lines.Length == 0 || lines[0] != BootId())
        {
            return 0;
        }

        var recorded = new Dictionary<int, (long Earliest, long Latest)>();
        foreach (var line in lines.Skip(1))
        {
            // The last line may be torn.
            var parts = line.Split(' ');
            if (parts.Length == 3 && int.TryParse(parts[0], out var pid) && long.TryParse(parts[1], out var earliest) && long.TryParse(parts[2], out var latest))
            {
                recorded[pid] = (earliest, latest);
            }
        }

        var all = ProcessStat.All();
        var leaders = all.ToDictionary(p => p.Pid);
        var killed = 0;
        foreach (var process in all)
        {
            if (recorded.TryGetValue(process.Session, out var start) && IsOurs(process, start, leaders) && Native.Kill(process.Pid, Native.SigKill) == 0)
            {
                killed++;
            }
        }

        return killed;
    }

    // A session keeps its number for as long as it has members, so with the leader gone the members' age decides.
    private static bool IsOurs(ProcessStat process, (long Earliest, long Latest) start, Dictionary<int, ProcessStat> leaders) =>
        leaders.TryGetValue(process.Session, out var leader)
            ? leader.StartTicks >= start.Earliest - 1 && leader.StartTicks <= start.Latest + 1
            : process.StartTicks >= start.Earliest - 1;

    private static string BootId() => File.Exists(BootIdPath) ? File.ReadAllText(BootIdPath).Trim() : "";

    private SafeFileHandle Create()
    {
        var next = _path + ".new";
        var file = File.OpenHandle(next, FileMode.Create, FileAccess.Write, FileShare.Read);
        var text = Encoding.ASCII.GetBytes($"{BootId()}\n{string.Concat(_running.Values)}");
        RandomAccess.Write(file, text, 0);
        _length = text.Length;
        _lines = _running.Count;
        File.Move(next, _path, overwrite: true);
        return file;
    }

    private void Append(string line)
    {
        Span<byte> bytes = stackalloc byte[line.Length];
        Encoding.ASCII.GetBytes(line, bytes);
        RandomAccess.Write(_file, bytes, _length);
        _length += bytes.Length;
    }
}
