using System.ComponentModel;
using System.Runtime.InteropServices;

namespace BatchPlane.LocalServices.Processes;

/// <summary>The system calls that the runtime does not offer.</summary>
internal static partial class LinuxCalls
{
    internal const int Interrupt = 2;
    internal const int Kill = 9;
    internal const int Terminate = 15;
    internal const int Stop = 19;

    private const int NoSuchProcess = 3;

    /// <summary>Sends a signal; a process that is gone already is not an error.</summary>
    /// <exception cref="Win32Exception">The process belongs to somebody else.</exception>
    internal static void Signal(int processId, int signal)
    {
        if (SendSignal(processId, signal) != 0 && Marshal.GetLastPInvokeError() is var error and not NoSuchProcess)
        {
            throw new Win32Exception(error, $"Cannot send signal {signal} to process {processId}.");
        }
    }

    /// <exception cref="Win32Exception">Not permitted, or the path is gone.</exception>
    internal static void ChangeOwner(string path, uint userId, uint groupId)
    {
        if (ChangePathOwner(path, userId, groupId) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"Cannot change the owner of {path}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangePathOwner(string path, uint userId, uint groupId);
}
