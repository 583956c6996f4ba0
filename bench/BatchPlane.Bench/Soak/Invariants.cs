using System.Reflection;
using Npgsql;

namespace BatchPlane.Bench.Soak;

/// <summary>The product's own queries for what must always hold; each row they return is a violation.</summary>
internal static class Invariants
{
    private const string Prefix = "Invariants/";
    private const int ShownOfEach = 5;

    /// <summary>Their names, sorted.</summary>
    internal static IReadOnlyList<string> Names { get; } =
        [.. Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Select(name => name[Prefix.Length..]).Order(StringComparer.Ordinal)];

    /// <summary>Violations of one as <c>name: subject: problem</c>, the first few.</summary>
    internal static async Task<List<string>> ViolationsAsync(NpgsqlDataSource database, string name, CancellationToken cancellation)
    {
        using var text = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream(Prefix + name)!);
        await using var command = database.CreateCommand(await text.ReadToEndAsync(cancellation));
        command.CommandTimeout = 0;
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var violations = new List<string>();
        while (violations.Count < ShownOfEach && await reader.ReadAsync(cancellation))
        {
            violations.Add($"{name}: {reader.GetString(0)}: {reader.GetString(1)}");
        }

        return violations;
    }
}
