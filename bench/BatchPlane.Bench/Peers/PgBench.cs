using System.Globalization;
using BatchPlane.Bench.Stack;
using Npgsql;

namespace BatchPlane.Bench.Peers;

/// <summary>
/// What the database alone can do: pgbench, the load generator of PostgreSQL, sends the statements of one script over and over to the
/// server that the stack uses. The script's tables are copies of the product's own, in a schema beside them.
/// </summary>
internal sealed class PgBench
{
    internal const string Name = "pgbench";

    private readonly string _directory;
    private readonly NpgsqlConnectionStringBuilder _server;
    private readonly CancellationToken _cancellation;

    private PgBench(string directory, NpgsqlConnectionStringBuilder server, CancellationToken cancellation)
    {
        _directory = directory;
        _server = server;
        _cancellation = cancellation;
    }

    /// <summary>Makes the tables.</summary>
    /// <exception cref="BenchFailure">pgbench is missing.</exception>
    internal static async Task<PgBench> PrepareAsync(BenchContext context, BenchStack stack)
    {
        var directory = Path.Combine(context.PeersDirectory, "pgbench");
        await using var command = stack.Database.CreateCommand(await File.ReadAllTextAsync(Path.Combine(directory, "tables.sql"), context.Cancellation));
        await command.ExecuteNonQueryAsync(context.Cancellation);
        return new PgBench(directory, new NpgsqlConnectionStringBuilder(stack.ConnectionString), context.Cancellation);
    }

    /// <summary>Runs of a script a second.</summary>
    /// <param name="script">Name of a file in <c>bench/peers/pgbench</c>.</param>
    /// <param name="clients">Connections, each with the next run when its last is committed.</param>
    /// <param name="seconds">For how long.</param>
    internal async Task<double> RateAsync(string script, int clients, int seconds)
    {
        var output = await Command.RunAsync(
            Program(),
            [
                "--no-vacuum", "--protocol=prepared", "--client=" + Text(clients), "--jobs=1", "--time=" + Text(seconds), "--file=" + Path.Combine(_directory, script),
                "--host=" + _server.Host, "--port=" + Text(_server.Port), "--username=" + _server.Username, _server.Database!,
            ],
            new Dictionary<string, string> { ["PGPASSWORD"] = _server.Password ?? "" },
            directory: null,
            _cancellation);
        // tps = 1234.5 (without initial connection time)
        var line = output.Split('\n').FirstOrDefault(line => line.StartsWith("tps = ", StringComparison.Ordinal)) ?? throw new BenchFailure($"pgbench: {output}");
        var rate = double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture);
        BenchContext.Say(FormattableString.Invariant($"  {Name} {script}: {rate:0} a second"));
        return rate;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    // Beside the server's programs, which distributions keep out of the search path.
    private static string Program() =>
        (Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [])
            .OrderByDescending(version => version, StringComparer.Ordinal)
            .Select(version => Path.Combine(version, "bin", "pgbench"))
            .FirstOrDefault(File.Exists) ?? "pgbench";
}
