using Microsoft.Win32.SafeHandles;

namespace BatchPlane.Agent.Files;

/// <summary>Permissions of files. The agent runs on Linux; elsewhere, where it is only built, there are none.</summary>
internal static class FileModes
{
    /// <summary>What a copied or unpacked file may have: no bits that make it run as somebody else.</summary>
    internal const UnixFileMode Permissions = (UnixFileMode)0x1FF;

    /// <summary>Permissions of an open file.</summary>
    internal static UnixFileMode Of(SafeFileHandle file) => OperatingSystem.IsWindows() ? Permissions : File.GetUnixFileMode(file) & Permissions;

    /// <summary>Gives a file permissions.</summary>
    internal static void Set(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode & Permissions);
        }
    }

    /// <summary>Gives an open file permissions.</summary>
    internal static void Set(SafeFileHandle file, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, mode & Permissions);
        }
    }
}
