using System.Diagnostics;

namespace BatchPlane.Testing;

/// <summary>A small file system of its own in a directory that is there. Needs root, or sudo without a password.</summary>
public sealed class MountedDisk : IDisposable
{
    private readonly string _directory;

    private MountedDisk(string directory) => _directory = directory;

    /// <summary>Mounts it.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="options">What it has, in the words of <c>mount -t tmpfs -o</c>.</param>
    public static MountedDisk Mount(string directory, string options)
    {
        AsRoot("mount", "-t", "tmpfs", "-o", options, "batchplane-test", directory);
        return new(directory);
    }

    /// <summary>Takes it away, whoever uses it.</summary>
    public void Dispose() => AsRoot("umount", "--lazy", _directory);

    private static void AsRoot(string program, params string[] args)
    {
        using var process = Environment.IsPrivilegedProcess ? Process.Start(program, args) : Process.Start("sudo", ["-n", program, .. args]);
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', args)}: {process.ExitCode}");
        }
    }
}
