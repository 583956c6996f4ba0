using System.Globalization;

namespace BatchPlane.LocalServices.Postgres;

/// <summary>Where the PostgreSQL programs of one version are.</summary>
internal sealed record PostgresPrograms(string Directory)
{
    private const string DebianRoot = "/usr/lib/postgresql";
    private static readonly string[] OtherDirectories = ["/usr/pgsql/bin", "/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin"];

    internal string Initdb => Path.Combine(Directory, "initdb");

    internal string Postgres => Path.Combine(Directory, "postgres");

    internal string Createdb => Path.Combine(Directory, "createdb");

    /// <summary>The programs of a major version (data of one version cannot be opened by another), or the newest. Null when absent.</summary>
    internal static PostgresPrograms? Find(string? forVersion)
    {
        var versions = System.IO.Directory.Exists(DebianRoot) ? System.IO.Directory.GetDirectories(DebianRoot) : [];
        return versions
            .Where(path => forVersion is null || string.Equals(Path.GetFileName(path), forVersion, StringComparison.Ordinal))
            .OrderByDescending(path => double.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var number) ? number : 0)
            .Select(path => Path.Combine(path, "bin"))
            .Concat(OtherDirectories)
            .Select(path => new PostgresPrograms(path))
            .FirstOrDefault(programs => File.Exists(programs.Initdb) && File.Exists(programs.Postgres) && File.Exists(programs.Createdb));
    }
}
