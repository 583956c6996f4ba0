namespace BatchPlane.LocalServices.Processes;

/// <summary>The end of a server's log, for error messages.</summary>
internal static class LogTail
{
    private const int Lines = 25;
    private const long RotateAtBytes = 16 * 1024 * 1024;

    /// <summary>Last lines of the first of these files that has any, headed by its name; empty when none has.</summary>
    internal static string Of(params string[] paths)
    {
        foreach (var path in paths)
        {
            if (File.Exists(path) && File.ReadLines(path).TakeLast(Lines).ToList() is { Count: > 0 } lines)
            {
                return $"\nLast lines of {path}:\n  {string.Join("\n  ", lines)}";
            }
        }

        return "";
    }

    /// <summary>Sets a log that has grown too large aside, replacing the one set aside before. Only while nothing writes to it.</summary>
    internal static void Rotate(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: > RotateAtBytes })
        {
            File.Move(path, path + ".1", overwrite: true);
        }
    }
}
