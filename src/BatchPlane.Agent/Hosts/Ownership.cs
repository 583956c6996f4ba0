using System.Runtime.InteropServices;
using BatchPlane.Agent.Executors;

namespace BatchPlane.Agent.Hosts;

/// <summary>Whose the files of an attempt are. Links are never followed.</summary>
internal static class Ownership
{
    /// <summary>As a number of a group: it stays as it is.</summary>
    internal const uint SameGroup = uint.MaxValue;

    private const int RightsOfOthers = 3;
    private const int RightsOfGroup = 6;
    private const UnixFileMode OfOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Gives a file, or a directory with all that is in it, to a user. Needs root.</summary>
    /// <exception cref="IOException">It cannot be given.</exception>
    internal static void Give(string path, uint user, uint group)
    {
        // What is below goes first: until the last step nothing of it can be changed under way, as the user may not write above it.
        foreach (var entry in Below(path))
        {
            Give(entry, user, group);
        }

        if (Native.ChangeOwner(path, user, group) != 0)
        {
            throw new IOException($"{path}: {Native.Describe(Marshal.GetLastPInvokeError())}");
        }
    }

    /// <summary>Lets everybody do with a file, or a directory with all that is in it, what its owner may.</summary>
    /// <exception cref="IOException">It cannot be changed.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be changed.</exception>
    internal static void Open(string path)
    {
        foreach (var entry in Below(path))
        {
            Open(entry);
        }

        if (!OperatingSystem.IsWindows() && new FileInfo(path).LinkTarget is null)
        {
            var mode = File.GetUnixFileMode(path);
            var rights = (int)(mode & OfOwner);
            File.SetUnixFileMode(path, mode | (UnixFileMode)((rights >> RightsOfOthers) | (rights >> RightsOfGroup)));
        }
    }

    /// <summary>True when a directory, or anything in it, belongs to another user than <paramref name="owner"/>, or cannot be looked into.</summary>
    internal static bool HasForeign(string path, uint owner)
    {
        if (DirectoryStamp.Of(path) is not { } stamp)
        {
            return false;
        }

        try
        {
            return stamp.Owner != owner || Below(path).Any(entry => HasForeign(entry, owner));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private static IEnumerable<string> Below(string path) =>
        new DirectoryInfo(path) is { Exists: true, LinkTarget: null } directory ? directory.EnumerateFileSystemInfos().Select(entry => entry.FullName) : [];
}
