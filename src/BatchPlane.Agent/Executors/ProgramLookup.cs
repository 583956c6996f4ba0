using System.Runtime.InteropServices;

namespace BatchPlane.Agent.Executors;

/// <summary>Finds the program of an argument vector the way <c>execvp</c> does, but on the child's own <c>PATH</c>.</summary>
internal static class ProgramLookup
{
    /// <summary>Search path of a child that has none.</summary>
    internal const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Why the system would not start a program, in its words, as far as can be seen from its path; null: it seems that it would.</summary>
    internal static string? WhyNot(string program, string directory)
    {
        var path = Path.Combine(directory, program);
        var error = Directory.Exists(path) ? Native.Eacces
            : Native.Access(path, Native.ExecuteAccess) == 0 ? 0
            : Marshal.GetLastPInvokeError();
        return error == 0 ? null
            : $"cannot start '{program}': {Native.Describe(error)}{(Directory.Exists(path) ? ": it is a directory" : "")}";
    }

    /// <summary>
    /// The path to execute: <paramref name="program"/> itself when it holds a slash (relative ones count from the working directory), else the
    /// first executable of that name on <paramref name="searchPath"/>; null with a <paramref name="failure"/> when there is none.
    /// </summary>
    internal static string? Find(string program, string searchPath, string directory, out string? failure)
    {
        failure = null;
        if (program.Contains('/', StringComparison.Ordinal))
        {
            return program;
        }

        string? notExecutable = null;
        foreach (var entry in searchPath.Split(':'))
        {
            var candidate = Path.Combine(directory, entry, program);
            if (program.Length == 0 || !File.Exists(candidate))
            {
                continue;
            }

            if (Native.Access(candidate, Native.ExecuteAccess) == 0)
            {
                return candidate;
            }

            notExecutable ??= candidate;
        }

        failure = notExecutable is null
            ? $"cannot start '{program}': {Native.Describe(Native.Enoent)}: no such program on PATH"
            : $"cannot start '{notExecutable}': {Native.Describe(Native.Eacces)}: it is not executable";
        return null;
    }
}
