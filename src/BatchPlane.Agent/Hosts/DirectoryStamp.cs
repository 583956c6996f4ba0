using BatchPlane.Agent.Executors;

namespace BatchPlane.Agent.Hosts;

/// <summary>
/// Tells whether a directory was touched: its identity, owner, mode, and the time of its last change, which the kernel moves with every entry
/// that comes or goes and every change of its attributes.
/// </summary>
internal readonly record struct DirectoryStamp(ulong Device, ulong Inode, uint Owner, uint Group, ushort Mode, long ChangedSeconds, uint ChangedNanoseconds)
{
    private static bool _hasStatx = true;

    /// <summary>As the directory is; null when there is none, or this C library cannot tell.</summary>
    internal static unsafe DirectoryStamp? Of(string path)
    {
        if (!_hasStatx)
        {
            return null;
        }

        try
        {
            Native.FileStatus status;
            return Native.Statx(Native.CurrentDirectory, path, Native.DoNotFollow, Native.BasicStatus, &status) == 0
                ? new(((ulong)status.DeviceMajor << 32) | status.DeviceMinor, status.Inode, status.Owner, status.Group, status.Mode, status.ChangeSeconds, status.ChangeNanoseconds)
                : null;
        }
        catch (EntryPointNotFoundException)
        {
            // musl before 1.2.5.
            _hasStatx = false;
            return null;
        }
    }
}
