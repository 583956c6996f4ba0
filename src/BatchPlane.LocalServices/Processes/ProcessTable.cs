using System.Globalization;

namespace BatchPlane.LocalServices.Processes;

/// <summary>One line of the process table: what <c>/proc/PID/stat</c> says.</summary>
/// <param name="ProcessId">Its number.</param>
/// <param name="ParentId">Number of its parent.</param>
/// <param name="StartTicks">Start time in clock ticks since boot.</param>
/// <param name="ProcessorTicks">Processor time used so far, user and system, in clock ticks.</param>
/// <param name="IsZombie">It has ended and waits for its parent to notice.</param>
internal sealed record ProcessEntry(int ProcessId, int ParentId, ulong StartTicks, ulong ProcessorTicks, bool IsZombie);

/// <summary>Reads <c>/proc</c>. Processes that vanish while being read are left out.</summary>
internal static class ProcessTable
{
    // Positions after the command name, which is the second field and may itself contain spaces and parentheses.
    private const int State = 0;
    private const int Parent = 1;
    private const int UserTicks = 11;
    private const int SystemTicks = 12;
    private const int Start = 19;

    internal static ProcessEntry? Read(int processId)
    {
        try
        {
            return Parse(processId, File.ReadAllText($"/proc/{processId}/stat"));
        }
        catch (IOException)
        {
            return null;
        }
    }

    internal static ProcessEntry? Parse(int processId, string statLine)
    {
        var fields = statLine[(statLine.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length <= Start)
        {
            return null;
        }

        return new ProcessEntry(
            processId,
            int.Parse(fields[Parent], CultureInfo.InvariantCulture),
            ulong.Parse(fields[Start], CultureInfo.InvariantCulture),
            ulong.Parse(fields[UserTicks], CultureInfo.InvariantCulture) + ulong.Parse(fields[SystemTicks], CultureInfo.InvariantCulture),
            fields[State] is "Z" or "X");
    }

    internal static List<ProcessEntry> ReadAll() =>
        [.. Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var id) ? Read(id) : null)
            .OfType<ProcessEntry>()];

    /// <summary>The process and everything below it, parents first. Empty when it is gone.</summary>
    internal static List<ProcessIdentity> Tree(int rootId)
    {
        var children = ReadAll().ToLookup(entry => entry.ParentId, entry => entry.ProcessId);
        var found = new List<int> { rootId };
        for (var i = 0; i < found.Count; i++)
        {
            found.AddRange(children[found[i]]);
        }

        return [.. found.Select(ProcessIdentity.Of).OfType<ProcessIdentity>()];
    }

    /// <summary>Processes whose command line begins with <paramref name="title"/> (arguments separated by blanks).</summary>
    internal static List<ProcessIdentity> WithTitle(string title) =>
        [.. ReadAll()
            .Where(entry => CommandLine(entry.ProcessId).StartsWith(title, StringComparison.Ordinal))
            .Select(entry => ProcessIdentity.Of(entry.ProcessId))
            .OfType<ProcessIdentity>()];

    /// <summary>Processes that began with this variable in their environment, written <c>NAME=value</c>; those of other users are left out.</summary>
    internal static List<ProcessIdentity> WithVariable(string variable) =>
        [.. ReadAll()
            .Where(entry => HasVariable(entry.ProcessId, variable))
            .Select(entry => ProcessIdentity.Of(entry.ProcessId))
            .OfType<ProcessIdentity>()];

    private static bool HasVariable(int processId, string variable)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/environ").Split('\0').Contains(variable, StringComparer.Ordinal);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string CommandLine(int processId)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }
}
