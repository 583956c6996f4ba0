using System.Globalization;

namespace BatchPlane.Simulation.Tests.Kernel;

/// <summary>What happened in a world, line by line: a hash of all, the last lines, and all of them where asked for.</summary>
internal sealed class Trace(bool keepsAll)
{
    private const int LastLines = 60;

    private readonly Queue<string> _last = new();
    private readonly List<string> _all = [];
    private ulong _hash = 14695981039346656037;

    /// <summary>Of every line so far; the same for the same seed.</summary>
    internal string Hash => _hash.ToString("x16", CultureInfo.InvariantCulture);

    internal IEnumerable<string> Last => _last;

    internal IReadOnlyList<string> All => _all;

    internal void Add(long milliseconds, string who, string what)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{milliseconds,7} {who,-10} {what}");
        foreach (var character in line)
        {
            _hash = (_hash ^ character) * 1099511628211;
        }

        if (_last.Count == LastLines)
        {
            _last.Dequeue();
        }

        _last.Enqueue(line);
        if (keepsAll)
        {
            _all.Add(line);
        }
    }
}
