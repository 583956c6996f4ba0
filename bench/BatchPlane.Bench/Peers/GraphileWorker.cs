using System.Globalization;
using System.Text.Json;
using BatchPlane.Bench.Stack;
using Npgsql;

namespace BatchPlane.Bench.Peers;

/// <summary>graphile-worker, a job queue on PostgreSQL, at its fastest: local queue of 500, completions in batches.</summary>
internal sealed class GraphileWorker
{
    internal const string Name = "graphile-worker";
    private const string DatabaseName = "graphile";

    private readonly string _directory;
    private readonly string _databaseUrl;
    private readonly CancellationToken _cancellation;

    private GraphileWorker(string directory, string databaseUrl, CancellationToken cancellation)
    {
        _directory = directory;
        _databaseUrl = databaseUrl;
        _cancellation = cancellation;
    }

    /// <summary>Installs it from the npm registry into the benchmark's directory and gives it a database of its own in the same server.</summary>
    internal static async Task<GraphileWorker> InstallAsync(BenchContext context, NpgsqlDataSource server, string postgresUrl)
    {
        BenchContext.Say("installing graphile-worker");
        var directory = Path.Combine(context.Directory, "graphile-worker");
        Directory.CreateDirectory(directory);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(context.PeersDirectory, "graphile-worker")))
        {
            File.Copy(file, Path.Combine(directory, Path.GetFileName(file)), overwrite: true);
        }

        await Command.RunAsync("npm", ["install", "--no-audit", "--no-fund", "--silent"], new Dictionary<string, string>(), directory, context.Cancellation);
        await using var create = server.CreateCommand($"CREATE DATABASE {DatabaseName}");
        await create.ExecuteNonQueryAsync(context.Cancellation);
        return new GraphileWorker(directory, new UriBuilder(postgresUrl) { Path = DatabaseName }.Uri.AbsoluteUri, context.Cancellation);
    }

    /// <summary>Runs jobs that do nothing: how many a second, and the processor seconds that the worker and PostgreSQL took.</summary>
    internal async Task<(double Rate, double ProcessorSeconds)> RunAsync(int jobs, Func<double> postgresSeconds)
    {
        var variables = new Dictionary<string, string> { ["DATABASE_URL"] = _databaseUrl, ["COUNT"] = jobs.ToString(CultureInfo.InvariantCulture), ["NODE_ENV"] = "production" };
        await Command.RunAsync("node", ["run.js", "prepare"], variables, _directory, _cancellation);
        var before = postgresSeconds();
        var output = await Command.RunAsync("node", ["run.js", "run"], variables, _directory, _cancellation);
        var postgres = postgresSeconds() - before;
        using var answer = JsonDocument.Parse(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]);
        var rate = answer.RootElement.GetProperty("jobs").GetInt32() / answer.RootElement.GetProperty("seconds").GetDouble();
        BenchContext.Say(string.Create(CultureInfo.InvariantCulture, $"  {Name}, {jobs} jobs: {rate:0} a second"));
        return (rate, postgres + answer.RootElement.GetProperty("cpu_seconds").GetDouble());
    }
}
