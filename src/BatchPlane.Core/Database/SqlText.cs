using System.Collections.Concurrent;

namespace BatchPlane.Core.Database;

/// <summary>The SQL statements embedded in this assembly, one per <c>.sql</c> file.</summary>
public static class SqlText
{
    private static readonly ConcurrentDictionary<string, string> Loaded = new(StringComparer.Ordinal);

    /// <summary>Text of one file by its path within the project, <c>Jobs/Sql/job_insert.sql</c>. Throws when there is none: a programming error.</summary>
    public static string Load(string path) => Loaded.GetOrAdd(path, static wanted =>
    {
        using var stream = typeof(SqlText).Assembly.GetManifestResourceStream(wanted)
            ?? throw new InvalidOperationException($"No embedded SQL file '{wanted}'.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    });

    /// <summary>Paths of all embedded files, sorted.</summary>
    public static IReadOnlyList<string> Paths { get; } =
        [.. typeof(SqlText).Assembly.GetManifestResourceNames().Where(name => name.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
