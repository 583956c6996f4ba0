using System.Globalization;

namespace BatchPlane.LocalServices.Processes;

/// <summary>
/// A process that cannot be mistaken for a later one with the same number: process id, start time in clock ticks since
/// boot, and the id of that boot.
/// </summary>
internal sealed record ProcessIdentity(int ProcessId, ulong StartTicks, string BootId)
{
    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";

    private static readonly string CurrentBootId = File.ReadAllText(BootIdFile).Trim();

    /// <summary>True until the process has ended; one that only waits to be reaped counts as ended.</summary>
    internal bool IsRunning => ProcessTable.Read(ProcessId) is { IsZombie: false } entry
        && entry.StartTicks == StartTicks
        && string.Equals(BootId, CurrentBootId, StringComparison.Ordinal);

    /// <summary>The identity of a process that runs now, or null.</summary>
    internal static ProcessIdentity? Of(int processId) =>
        ProcessTable.Read(processId) is { } entry ? new ProcessIdentity(processId, entry.StartTicks, CurrentBootId) : null;

    /// <summary>
    /// Reads what <see cref="ServiceProcess"/> lets every server write about itself before it starts: its line of
    /// <c>/proc/PID/stat</c> and the boot id. Null when the file is absent or torn.
    /// </summary>
    internal static ProcessIdentity? Load(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var lines = File.ReadAllLines(path);
        return lines.Length >= 2
            && int.TryParse(lines[0].Split(' ')[0], CultureInfo.InvariantCulture, out var processId)
            && ProcessTable.Parse(processId, lines[0]) is { } entry
                ? new ProcessIdentity(processId, entry.StartTicks, lines[1].Trim())
                : null;
    }
}
