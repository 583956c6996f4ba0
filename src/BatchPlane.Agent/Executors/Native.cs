using System.Runtime.InteropServices;

namespace BatchPlane.Agent.Executors;

/// <summary>
/// The part of the C library that <see cref="System.Diagnostics.Process"/> does not offer: spawning into an own session with output
/// straight to files, and waiting for exits through pid file descriptors. Linux with glibc 2.29 or musl 1.2, kernel 5.3.
/// </summary>
internal static partial class Native
{
    internal const int SigKill = 9;
    internal const int SigTerm = 15;
    internal const int SigChld = 17;
    internal const short SpawnSetSigDef = 0x04;
    internal const short SpawnSetSigMask = 0x08;
    internal const short SpawnSetSid = 0x80;
    internal const int OpenReadOnly = 0;
    internal const int OpenOutput = 0x1 | 0x40 | 0x200 | 0x400; // O_WRONLY | O_CREAT | O_TRUNC | O_APPEND
    internal const int OpenForLease = 0x1 | CloseOnExec; // O_WRONLY | O_CLOEXEC
    internal const int SetLease = 1024; // F_SETLEASE
    internal const int WriteLease = 1; // F_WRLCK
    internal const int Exists = 0;
    internal const int ExecuteAccess = 1;
    internal const int ClockBootTime = 7;
    internal const int EpollAdd = 1;
    internal const uint EpollIn = 1;
    internal const uint EpollOneShot = 1u << 30;
    internal const int CloseOnExec = 0x80000;

    internal const int CurrentDirectory = -100; // AT_FDCWD
    internal const int DoNotFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    internal const uint BasicStatus = 0x7ff; // STATX_BASIC_STATS

    internal const int Eintr = 4;
    internal const int Enoent = 2;
    internal const int Eacces = 13;
    internal const int Eexist = 17;
    internal const int Enotempty = 39;
    internal const int Enospc = 28;

    /// <summary>Room for posix_spawnattr_t, posix_spawn_file_actions_t or sigset_t of any C library: glibc's largest has 336 bytes.</summary>
    internal const int OpaqueBytes = 512;

    private const string LibC = "libc";

    /// <summary>O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW, whose number differs between architectures.</summary>
    internal static int OpenProgress { get; } =
        0x100 | 0x800 | CloseOnExec | (RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86 ? 0x20000 : 0x8000);

    [LibraryImport(LibC, EntryPoint = "posix_spawn")]
    internal static unsafe partial int PosixSpawn(out int pid, byte* path, void* fileActions, void* attributes, byte** argv, byte** envp);

    [LibraryImport(LibC, EntryPoint = "posix_spawn_file_actions_init")]
    internal static unsafe partial int FileActionsInit(void* actions);

    [LibraryImport(LibC, EntryPoint = "posix_spawn_file_actions_destroy")]
    internal static unsafe partial int FileActionsDestroy(void* actions);

    [LibraryImport(LibC, EntryPoint = "posix_spawn_file_actions_addopen")]
    internal static unsafe partial int FileActionsAddOpen(void* actions, int fd, byte* path, int flags, uint mode);

    [LibraryImport(LibC, EntryPoint = "posix_spawn_file_actions_addchdir_np")]
    internal static unsafe partial int FileActionsAddChdir(void* actions, byte* path);

    [LibraryImport(LibC, EntryPoint = "posix_spawn_file_actions_addclosefrom_np")]
    internal static unsafe partial int FileActionsAddCloseFrom(void* actions, int from);

    [LibraryImport(LibC, EntryPoint = "posix_spawnattr_init")]
    internal static unsafe partial int AttributesInit(void* attributes);

    [LibraryImport(LibC, EntryPoint = "posix_spawnattr_setflags")]
    internal static unsafe partial int AttributesSetFlags(void* attributes, short flags);

    [LibraryImport(LibC, EntryPoint = "posix_spawnattr_setsigmask")]
    internal static unsafe partial int AttributesSetSigMask(void* attributes, void* set);

    [LibraryImport(LibC, EntryPoint = "posix_spawnattr_setsigdefault")]
    internal static unsafe partial int AttributesSetSigDefault(void* attributes, void* set);

    [LibraryImport(LibC, EntryPoint = "sigfillset")]
    internal static unsafe partial int SigFillSet(void* set);

    [LibraryImport(LibC, EntryPoint = "sigemptyset")]
    internal static unsafe partial int SigEmptySet(void* set);

    [LibraryImport(LibC, EntryPoint = "signal", SetLastError = true)]
    internal static partial nint Signal(int signal, nint handler);

    [LibraryImport(LibC, EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int pid, int signal);

    [LibraryImport(LibC, EntryPoint = "waitpid", SetLastError = true)]
    internal static partial int WaitPid(int pid, out int status, int options);

    [LibraryImport(LibC, EntryPoint = "wait4", SetLastError = true)]
    internal static unsafe partial int Wait4(int pid, out int status, int options, ResourceUsage* usage);

    [LibraryImport(LibC, EntryPoint = "prctl", SetLastError = true)]
    internal static partial int ProcessControl(int option, nint argument);

    [LibraryImport(LibC, EntryPoint = "umask")]
    internal static partial uint FileModeMask(uint mask);

    [LibraryImport(LibC, EntryPoint = "poll", SetLastError = true)]
    internal static unsafe partial int Poll(PollEntry* entries, ulong count, int timeoutMilliseconds);

    [LibraryImport(LibC, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint Syscall(nint number, nint first, nint second);

    [LibraryImport(LibC, EntryPoint = "epoll_create1", SetLastError = true)]
    internal static partial int EpollCreate(int flags);

    [LibraryImport(LibC, EntryPoint = "epoll_ctl", SetLastError = true)]
    internal static unsafe partial int EpollControl(int epoll, int operation, int fd, void* epollEvent);

    [LibraryImport(LibC, EntryPoint = "epoll_wait", SetLastError = true)]
    internal static unsafe partial int EpollWait(int epoll, void* events, int maxEvents, int timeoutMilliseconds);

    [LibraryImport(LibC, EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int EventFd(uint initial, int flags);

    [LibraryImport(LibC, EntryPoint = "write", SetLastError = true)]
    internal static unsafe partial nint Write(int fd, void* buffer, nint count);

    [LibraryImport(LibC, EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int fd);

    [LibraryImport(LibC, EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int Open(string path, int flags);

    [LibraryImport(LibC, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int FileControl(int fd, int command, int argument);

    [LibraryImport(LibC, EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int Access(string path, int mode);

    [LibraryImport(LibC, EntryPoint = "mkdir", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int MakeDirectory(string path, uint mode);

    [LibraryImport(LibC, EntryPoint = "rmdir", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int RemoveDirectory(string path);

    [LibraryImport(LibC, EntryPoint = "rename", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int Rename(string from, string to);

    [LibraryImport(LibC, EntryPoint = "readlink", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static unsafe partial nint ReadLink(string path, byte* buffer, nint size);

    [LibraryImport(LibC, EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static unsafe partial int Statx(int directory, string path, int flags, uint mask, FileStatus* status);

    [LibraryImport(LibC, EntryPoint = "lchown", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport(LibC, EntryPoint = "getpwnam_r", StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int GetUser(string name, PasswordEntry* entry, byte* buffer, nint size, void** found);

    [LibraryImport(LibC, EntryPoint = "unlink", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int Unlink(string path);

    [LibraryImport(LibC, EntryPoint = "clock_gettime", SetLastError = true)]
    internal static partial int ClockGetTime(int clock, out TimeSpec time);

    /// <summary>pidfd_open(2); has the same number on every architecture and is close-on-exec. Negative: errno is set.</summary>
    internal static int PidFdOpen(int pid)
    {
        const int PidFdOpenNumber = 434;
        return (int)Syscall(PidFdOpenNumber, pid, 0);
    }

    /// <summary>Waits for a child that has ended; false when it is none, or somebody else took its status.</summary>
    internal static unsafe bool Wait(int pid, out int status, out AttemptUsage usage)
    {
        ResourceUsage used;
        while (Wait4(pid, out status, 0, &used) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Eintr)
            {
                usage = default!;
                return false;
            }
        }

        usage = used.ToAttemptUsage();
        return true;
    }

    /// <summary>Takes the status of a child if it has ended: its usage; null when it runs, or is no child.</summary>
    internal static unsafe AttemptUsage? TryWait(int pid)
    {
        const int NoHang = 1;
        ResourceUsage used;
        return Wait4(pid, out _, NoHang, &used) == pid ? used.ToAttemptUsage() : null;
    }

    /// <summary>Waits a moment (50 ms) for a process to end, whoever its parent is; for itself, that is a pause.</summary>
    internal static unsafe void WaitForExit(int pid)
    {
        const int PollIn = 1;
        const int WaitMilliseconds = 50;
        var pidFd = PidFdOpen(pid);
        if (pidFd >= 0)
        {
            var entry = new PollEntry { Descriptor = pidFd, Events = PollIn };
            _ = Poll(&entry, 1, WaitMilliseconds);
            _ = Close(pidFd);
        }
    }

    /// <summary>Hundredths of a second since boot, the unit of a process's start time in <c>/proc</c>.</summary>
    internal static long BootTicks()
    {
        ClockGetTime(ClockBootTime, out var time);
        return (time.Seconds * 100) + (time.Nanoseconds / 10_000_000);
    }

    /// <summary>The error in words with its symbolic name: <c>No such file or directory (ENOENT)</c>.</summary>
    internal static string Describe(int errno)
    {
        var name = errno switch
        {
            1 => "EPERM",
            Enoent => "ENOENT",
            7 => "E2BIG",
            8 => "ENOEXEC",
            11 => "EAGAIN",
            12 => "ENOMEM",
            Eacces => "EACCES",
            20 => "ENOTDIR",
            21 => "EISDIR",
            24 => "EMFILE",
            26 => "ETXTBSY",
            Enospc => "ENOSPC",
            30 => "EROFS",
            36 => "ENAMETOOLONG",
            40 => "ELOOP",
            _ => FormattableString.Invariant($"errno {errno}"),
        };
        return $"{Marshal.GetPInvokeErrorMessage(errno)} ({name})";
    }

    /// <summary>struct statx, which is the same everywhere: what is read of it.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct FileStatus
    {
        [FieldOffset(20)]
        internal uint Owner;
        [FieldOffset(24)]
        internal uint Group;
        [FieldOffset(28)]
        internal ushort Mode;
        [FieldOffset(32)]
        internal ulong Inode;
        [FieldOffset(40)]
        internal long Size;
        [FieldOffset(96)]
        internal long ChangeSeconds;
        [FieldOffset(104)]
        internal uint ChangeNanoseconds;
        [FieldOffset(112)]
        internal long WriteSeconds;
        [FieldOffset(136)]
        internal uint DeviceMajor;
        [FieldOffset(140)]
        internal uint DeviceMinor;
    }

    /// <summary>struct rusage of 64-bit systems: what is read of it.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 144)]
    internal struct ResourceUsage
    {
        [FieldOffset(0)]
        internal long UserSeconds;
        [FieldOffset(8)]
        internal long UserMicroseconds;
        [FieldOffset(16)]
        internal long SystemSeconds;
        [FieldOffset(24)]
        internal long SystemMicroseconds;
        [FieldOffset(32)]
        internal long PeakKib;

        internal readonly AttemptUsage ToAttemptUsage() =>
            new(TimeSpan.FromSeconds(UserSeconds + SystemSeconds) + TimeSpan.FromMicroseconds(UserMicroseconds + SystemMicroseconds), PeakKib * 1024);
    }

    /// <summary>struct passwd of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PasswordEntry
    {
        internal nint Name;
        internal nint Password;
        internal uint UserId;
        internal uint GroupId;
        internal nint RealName;
        internal nint Home;
        internal nint Shell;
    }

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollEntry
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }

    /// <summary>struct timespec of 64-bit systems.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeSpec
    {
        internal long Seconds;
        internal long Nanoseconds;
    }
}
