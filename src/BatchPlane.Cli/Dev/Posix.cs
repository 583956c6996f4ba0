using System.Runtime.InteropServices;

namespace BatchPlane.Cli.Dev;

/// <summary>The system calls that .NET does not offer.</summary>
internal static partial class Posix
{
    internal const int SigKill = 9;
    internal const int SigTerm = 15;

    /// <summary>Sends a signal; a negative id means the process group. A process that is gone already is not an error.</summary>
    internal static void Signal(int processId, int signal)
    {
        // 0, 1 and -1 address this group, init, and everything: never meant here.
        if (processId is 0 or 1 or -1)
        {
            throw new ArgumentOutOfRangeException(nameof(processId), processId, "not a process of ours");
        }

        _ = Kill(processId, signal);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
