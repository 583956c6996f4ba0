using System.Runtime.InteropServices;
using BatchPlane.Agent.Executors;

namespace BatchPlane.Agent.Users;

/// <summary>A user of this machine.</summary>
/// <param name="Name">Name.</param>
/// <param name="Id">Number.</param>
/// <param name="Group">Number of its first group.</param>
/// <param name="Home">Home directory, there or not.</param>
/// <param name="Shell">Login shell.</param>
internal sealed record UserAccount(string Name, uint Id, uint Group, string Home, string Shell)
{
    private const int BufferBytes = 64 * 1024;

    /// <summary>The user of a name; null: the system knows none.</summary>
    internal static unsafe UserAccount? Find(string name)
    {
        var buffer = NativeMemory.Alloc(BufferBytes);
        try
        {
            Native.PasswordEntry entry;
            void* found;
            return Native.GetUser(name, &entry, (byte*)buffer, BufferBytes, &found) == 0 && found != null
                ? new(name, entry.UserId, entry.GroupId, Marshal.PtrToStringUTF8(entry.Home) ?? "/", Marshal.PtrToStringUTF8(entry.Shell) ?? "/bin/sh")
                : null;
        }
        finally
        {
            NativeMemory.Free(buffer);
        }
    }
}
