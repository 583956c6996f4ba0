using System.Globalization;
using System.Runtime.InteropServices;
using BatchPlane.Agent.Executors;
using Microsoft.Win32.SafeHandles;

namespace BatchPlane.Agent.Files;

/// <summary>What a name in a directory is.</summary>
internal enum FileKind
{
    /// <summary>A regular file.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A symbolic link.</summary>
    Link,

    /// <summary>A pipe, socket or device.</summary>
    Other,
}

/// <summary>Tells a file from all others of the node, by whatever path it was reached.</summary>
internal readonly record struct FileIdentity(ulong Device, ulong Inode);

/// <summary>Facts of a file.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Identity">Which one it is.</param>
/// <param name="Size">Bytes.</param>
/// <param name="WrittenAt">When it was written last, by the clock of its file system; to the second.</param>
internal readonly record struct FileFacts(FileKind Kind, FileIdentity Identity, long Size, DateTimeOffset WrittenAt);

/// <summary>
/// System calls on names in an open directory. None follows a link, except where it says so. What fails is null or false, and errno tells why
/// (<see cref="Marshal.GetLastPInvokeError"/>).
/// </summary>
internal static partial class FileCalls
{
    private const string LibC = "libc";

    private const int WriteNew = 0x1 | 0x40 | 0x80; // O_WRONLY | O_CREAT | O_EXCL
    private const int PathOnly = 0x200000; // O_PATH
    private const uint FileMode = 0x1B6; // 0666, less the mask of the process
    private const uint DirectoryMode = 0x1FF; // 0777, less the mask of the process
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH
    private const int Kinds = 0xF000; // S_IFMT

    private static readonly bool IsIntel = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86;

    // O_DIRECTORY and O_NOFOLLOW, whose numbers differ between architectures.
    private static readonly int DirectoryOnly = IsIntel ? 0x10000 : 0x4000;
    private static readonly int NoFollow = IsIntel ? 0x20000 : 0x8000;

    /// <summary>Opens a directory; links in its path are followed.</summary>
    internal static SafeFileHandle? OpenDirectory(string path) => Handle(Native.Open(path, DirectoryOnly | Native.CloseOnExec));

    /// <summary>Opens a directory in a directory.</summary>
    internal static SafeFileHandle? OpenDirectory(SafeFileHandle at, string name) => Handle(OpenAt(at, name, DirectoryOnly | NoFollow | Native.CloseOnExec, 0));

    /// <summary>Makes a directory in a directory.</summary>
    internal static bool MakeDirectory(SafeFileHandle at, string name) => MakeDirectoryAt(at, name, DirectoryMode) == 0;

    /// <summary>Finds whatever has a path; links are followed. It is not opened: that would do something to a pipe or a device.</summary>
    internal static SafeFileHandle? Find(string path) => Handle(Native.Open(path, PathOnly | Native.CloseOnExec));

    /// <summary>Finds whatever has a name in a directory, which may be a link.</summary>
    internal static SafeFileHandle? Find(SafeFileHandle at, string name) => Handle(OpenAt(at, name, PathOnly | NoFollow | Native.CloseOnExec, 0));

    /// <summary>Opens what was found, which was seen to be a regular file, to read it.</summary>
    internal static SafeFileHandle? OpenFound(SafeFileHandle found) => Handle(Native.Open(PathOf(found), Native.CloseOnExec));

    /// <summary>Makes a file, which was not there.</summary>
    internal static SafeFileHandle? Create(SafeFileHandle at, string name) => Handle(OpenAt(at, name, WriteNew | NoFollow | Native.CloseOnExec, FileMode));

    /// <summary>Gives a file another name in its directory, in place of what has it.</summary>
    internal static bool Rename(SafeFileHandle at, string from, string to) => RenameAt(at, from, at, to) == 0;

    /// <summary>Removes a file.</summary>
    internal static bool Remove(SafeFileHandle at, string name) => UnlinkAt(at, name, 0) == 0;

    /// <summary>Path of what is open, whatever became of its name: for calls that take only a path. Good as long as it is open.</summary>
    internal static string PathOf(SafeFileHandle open) => string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{open.DangerousGetHandle()}");

    /// <summary>Facts of what is open or was found.</summary>
    internal static unsafe FileFacts? FactsOf(SafeFileHandle open)
    {
        Native.FileStatus status;
        if (Statx(StatxNumber(), open, "", EmptyPath, Native.BasicStatus, &status) != 0)
        {
            return null;
        }

        var kind = (status.Mode & Kinds) switch
        {
            0x8000 => FileKind.File,
            0x4000 => FileKind.Directory,
            0xA000 => FileKind.Link,
            _ => FileKind.Other,
        };
        return new(kind, new(((ulong)status.DeviceMajor << 32) | status.DeviceMinor, status.Inode), status.Size, DateTimeOffset.FromUnixTimeSeconds(status.WriteSeconds));
    }

    // By number, since older C libraries have no function for it.
    private static nint StatxNumber() => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 332,
        Architecture.X86 or Architecture.Ppc64le => 383,
        Architecture.Arm or Architecture.Armv6 => 397,
        Architecture.S390x => 379,
        _ => 291,
    };

    private static SafeFileHandle? Handle(int descriptor) => descriptor < 0 ? null : new(descriptor, ownsHandle: true);

    [LibraryImport(LibC, EntryPoint = "openat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int OpenAt(SafeFileHandle directory, string name, int flags, uint mode);

    [LibraryImport(LibC, EntryPoint = "mkdirat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int MakeDirectoryAt(SafeFileHandle directory, string name, uint mode);

    [LibraryImport(LibC, EntryPoint = "renameat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int RenameAt(SafeFileHandle fromDirectory, string from, SafeFileHandle toDirectory, string to);

    [LibraryImport(LibC, EntryPoint = "unlinkat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int UnlinkAt(SafeFileHandle directory, string name, int flags);

    [LibraryImport(LibC, EntryPoint = "syscall", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static unsafe partial nint Statx(nint number, SafeFileHandle directory, string path, nint flags, nuint mask, Native.FileStatus* status);
}
