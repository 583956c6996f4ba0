using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Dev;

/// <summary>A process noted in a file, to be found again by whoever comes later: <c>{"pid": 123, "started": 456789}</c>.</summary>
/// <param name="Pid">Process id.</param>
/// <param name="Started">Start time in ticks since boot, field 22 of <c>/proc/PID/stat</c>.</param>
internal sealed record ProcessRecord(int Pid, long Started)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan KillGrace = TimeSpan.FromSeconds(5);

    /// <summary>True while exactly this process runs.</summary>
    internal bool IsRunning => ProcessTable.Find(Pid) is { } entry && entry.Started == Started;

    /// <summary>Notes a running process; null when it is gone already.</summary>
    internal static ProcessRecord? Of(int pid) => ProcessTable.Find(pid) is { } entry ? new ProcessRecord(entry.Pid, entry.Started) : null;

    /// <summary>Reads a note; null when there is none, or it is torn.</summary>
    internal static ProcessRecord? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<ProcessRecord>(File.ReadAllBytes(path), BatchPlaneJson.Options);
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes the note.</summary>
    internal void Write(string path) => PrivateFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(this, BatchPlaneJson.Options));

    /// <summary>Asks the process to end, and ends it when it has not after <paramref name="grace"/>.</summary>
    internal async Task StopAsync(TimeSpan grace, TimeProvider time)
    {
        if (!IsRunning)
        {
            return;
        }

        Posix.Signal(Pid, Posix.SigTerm);
        await GoneWithinAsync(grace, time);
        if (IsRunning)
        {
            Posix.Signal(Pid, Posix.SigKill);
            await GoneWithinAsync(KillGrace, time);
        }
    }

    /// <summary>As <see cref="StopAsync"/>, and nothing it started stays either.</summary>
    internal async Task StopTreeAsync(TimeSpan grace, TimeProvider time)
    {
        // What it started is noted before it ends: orphans are handed to init and could not be told from others afterwards.
        var below = IsRunning ? ProcessTable.Descendants(Pid) : [];
        await StopAsync(grace, time);
        foreach (var entry in below.Where(entry => ProcessTable.Find(entry.Pid)?.Started == entry.Started))
        {
            Posix.Signal(entry.Group == entry.Pid ? -entry.Pid : entry.Pid, Posix.SigKill);
        }
    }

    private async Task GoneWithinAsync(TimeSpan limit, TimeProvider time)
    {
        var begin = time.GetTimestamp();
        while (IsRunning && time.GetElapsedTime(begin) < limit)
        {
            await Task.Delay(LookInterval, time);
        }
    }
}
