namespace BatchPlane.LocalServices.Storage;

/// <summary>Makes a data directory that the servers' accounts can reach.</summary>
internal static class DataDirectories
{
    /// <summary>Creates the directory when missing.</summary>
    /// <returns>Its full path.</returns>
    /// <exception cref="LocalServiceException">The servers' accounts cannot reach it.</exception>
    internal static string Prepare(string dataDirectory)
    {
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(dataDirectory));
        if (ExplainUnreachable(path) is { } problem)
        {
            throw new LocalServiceException(problem);
        }

        Directory.CreateDirectory(path);
        if (Environment.IsPrivilegedProcess)
        {
            // Passing through only; what lies inside has its own owner and mode.
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.OtherExecute);
        }

        return path;
    }

    /// <summary>Null when the servers' accounts can reach this directory, else the reason and what to do.</summary>
    internal static string? ExplainUnreachable(string path)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return null;
        }

        for (var parent = Directory.GetParent(Path.GetFullPath(path)); parent is not null; parent = parent.Parent)
        {
            if (parent.Exists && !File.GetUnixFileMode(parent.FullName).HasFlag(UnixFileMode.OtherExecute))
            {
                return $"The data directory {path} lies below {parent.FullName}, which other accounts may not enter. When started by root, "
                    + "PostgreSQL and RabbitMQ run as the accounts postgres and rabbitmq and could not reach it. "
                    + $"Choose a directory elsewhere (for example below /var/tmp or /srv), or allow it with: chmod o+x {parent.FullName}";
            }
        }

        return null;
    }
}
