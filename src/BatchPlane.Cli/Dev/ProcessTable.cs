using System.Globalization;

namespace BatchPlane.Cli.Dev;

/// <summary>One process as <c>/proc</c> shows it.</summary>
/// <param name="Pid">Process id.</param>
/// <param name="Parent">Id of the parent.</param>
/// <param name="Group">Id of the process group.</param>
/// <param name="Started">Ticks from boot to its start: with the id, names the process for good, since ids are used again.</param>
internal sealed record ProcessEntry(int Pid, int Parent, int Group, long Started);

/// <summary>Reads <c>/proc</c>. Zombies count as gone.</summary>
internal static class ProcessTable
{
    private const int StateField = 0;
    private const int ParentField = 1;
    private const int GroupField = 2;
    private const int StartedField = 19;

    /// <summary>One process; null when it is gone.</summary>
    internal static ProcessEntry? Find(int pid)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));

            // The second field is the program's name in parentheses and may itself contain spaces and parentheses.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[StateField] is "Z" or "X"
                ? null
                : new ProcessEntry(pid, Number(fields[ParentField]), Number(fields[GroupField]), long.Parse(fields[StartedField], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>All processes below <paramref name="root"/>, without it.</summary>
    internal static IReadOnlyList<ProcessEntry> Descendants(int root)
    {
        var children = All().ToLookup(entry => entry.Parent);
        var found = new List<ProcessEntry>();
        var open = new Queue<int>([root]);
        while (open.TryDequeue(out var parent))
        {
            foreach (var child in children[parent])
            {
                found.Add(child);
                open.Enqueue(child.Pid);
            }
        }

        return found;
    }

    private static IEnumerable<ProcessEntry> All() =>
        from directory in Directory.EnumerateDirectories("/proc")
        let name = Path.GetFileName(directory)
        where name.All(char.IsAsciiDigit)
        let entry = Find(Number(name))
        where entry is not null
        select entry;

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
