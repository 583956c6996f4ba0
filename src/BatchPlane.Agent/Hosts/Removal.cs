using System.Diagnostics;

namespace BatchPlane.Agent.Hosts;

/// <summary>Removes directories of attempts.</summary>
internal static class Removal
{
    /// <summary>
    /// Removes a directory with all that is in it. One that belongs to another user is removed by a program that goes by open directories: by names, that user's other processes
    /// could lead root elsewhere meanwhile.
    /// </summary>
    /// <exception cref="IOException">It cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be removed.</exception>
    internal static void Remove(string directory)
    {
        if (!IsForeign(directory))
        {
            Directory.Delete(directory, recursive: true);
            return;
        }

        using var process = Process.Start(new ProcessStartInfo("rm", ["-rf", "--", directory]) { RedirectStandardError = true })!;
        var words = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new IOException($"{directory} cannot be removed: {words.Trim()}");
        }
    }

    /// <summary>True for what belongs to another user than this process, which is root then; and where that cannot be told.</summary>
    internal static bool IsForeign(string path) => Environment.IsPrivilegedProcess && DirectoryStamp.Of(path)?.Owner != 0;
}
