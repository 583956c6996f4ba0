using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using BatchPlane.Agent.Executors;

namespace BatchPlane.Agent.Limits;

/// <summary>The files of control groups. Two kinds: those of the kernel, and those of a directory that does as the kernel, for tests.</summary>
internal interface IGroupFiles
{
    /// <summary>Makes a group, and those above it that are missing; nothing when it is there.</summary>
    /// <exception cref="IOException">It may not be made.</exception>
    void Make(string group);

    /// <summary>Removes a group that holds no process. False: it does, or holds groups; true also when there is none.</summary>
    bool TryRemove(string group);

    /// <exception cref="IOException">The kernel refuses the value, or there is no such file.</exception>
    void Write(string group, string file, string value);

    /// <summary>The text of a file; null when there is none.</summary>
    string? Read(string group, string file);

    /// <summary>Names of the groups directly in a group, in no order; none when there is no such group.</summary>
    IReadOnlyList<string> Children(string group);

    /// <summary>True when a process may do what the first one of an attempt under these limits has to do.</summary>
    bool CanEnter(LimitOrder limits);
}

/// <summary>The kernel's.</summary>
internal sealed class KernelGroupFiles : IGroupFiles
{
    private const uint DirectoryMode = 0x1ED; // 0755

    internal static KernelGroupFiles Instance { get; } = new();

    public void Make(string group)
    {
        if (Native.MakeDirectory(group, DirectoryMode) == 0)
        {
            return;
        }

        var error = Marshal.GetLastPInvokeError();
        if (error == Native.Enoent && Path.GetDirectoryName(group) is { } above)
        {
            Make(above);
            error = Native.MakeDirectory(group, DirectoryMode) == 0 ? Native.Eexist : Marshal.GetLastPInvokeError();
        }

        if (error != Native.Eexist)
        {
            throw new IOException($"the control group {group} cannot be made: {Native.Describe(error)}");
        }
    }

    public bool TryRemove(string group) => Native.RemoveDirectory(group) == 0 || Marshal.GetLastPInvokeError() == Native.Enoent;

    public void Write(string group, string file, string value)
    {
        var path = Path.Combine(group, file);
        try
        {
            // The kernel takes one write as one value, and tells of a bad one there.
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            RandomAccess.Write(handle, Encoding.ASCII.GetBytes(value), 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new IOException($"{path} does not take '{value}': {e.Message}", e);
        }
    }

    public string? Read(string group, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(group, file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public IReadOnlyList<string> Children(string group) =>
        Directory.Exists(group) ? [.. new DirectoryInfo(group).EnumerateDirectories().Select(child => child.Name)] : [];

    public bool CanEnter(LimitOrder limits)
    {
        var argv = LimitWay.Wrap(limits, ["/bin/true"]);
        using var process = Process.Start(new ProcessStartInfo(argv[0], argv.Skip(1)) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
