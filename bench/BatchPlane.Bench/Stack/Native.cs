using System.Runtime.InteropServices;

namespace BatchPlane.Bench.Stack;

/// <summary>Signals.</summary>
internal static partial class Native
{
    internal const int SigTerm = 15;

    [LibraryImport("libc", EntryPoint = "kill")]
    internal static partial int Kill(int pid, int signal);
}
