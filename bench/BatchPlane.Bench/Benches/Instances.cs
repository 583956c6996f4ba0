using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Peers;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>Short instances through the whole path: REST submit, claims and reports of a real agent over HTTP, journal, commit.</summary>
internal sealed class Instances : IBench
{
    private const double Million = 1_000_000;
    private const int InstancesOfScript = 1_000;
    private const int PgBenchClients = 2;

    public string Name => "instances";

    public string Summary => "no-op instances a second through REST and agent, all events journalled; against graphile-worker, and against two connections that write the rows of 1,000 instances a time";

    public IReadOnlyList<Target> Targets { get; } = [Target.RatioAtLeast("rate", must: 1.2, aim: 2.5)];

    public async Task RunAsync(BenchContext context)
    {
        var count = context.Count(200_000, 2_000);
        await using var stack = await BenchStack.StartAsync(context, new StackShape());
        var peer = context.Quick ? null : await GraphileWorker.InstallAsync(context, stack.Database, stack.PostgresUrl);
        var database = await PgBench.PrepareAsync(context, stack);
        await stack.WarmUpAsync();
        var (transactions, rates, peerRates, peerSeconds, limits) = (0L, new List<double>(), new List<double>(), 0.0, new List<double>());
        var (servers, agents, postgres) = (0.0, 0.0, 0.0);
        for (var run = 0; run < context.Runs; run++)
        {
            var before = stack.ProcessorSeconds();
            transactions -= await CommitsAsync(stack);
            rates.Add(await stack.NoopRateAsync(count));
            var after = stack.ProcessorSeconds();
            transactions += await CommitsAsync(stack);
            servers += after.Servers - before.Servers;
            agents += after.Agents - before.Agents;
            postgres += after.Postgres - before.Postgres;
            if (peer is not null)
            {
                var (ofPeer, seconds) = await peer.RunAsync(count, () => stack.ProcessorSeconds().Postgres);
                peerRates.Add(ofPeer);
                peerSeconds += seconds;
            }

            limits.Add(InstancesOfScript * await database.RateAsync("instances.sql", PgBenchClients, context.Count(5, 1)));
        }

        var done = count * context.Runs;
        await MustBeJournalledAsync(stack, done + context.Count(BenchStack.WarmUpInstances, 500));
        context.Report(new(Name, "server_cpu", servers / done * Million, "us/instance"));
        context.Report(new(Name, "agent_cpu", agents / done * Million, "us/instance"));
        context.Report(new(Name, "postgres_cpu", postgres / done * Million, "us/instance"));
        context.Report(new(Name, "instances_per_transaction", (double)done / Math.Max(1, transactions), "instances"));
        var rate = Statistics.Median(rates);
        context.Report(new(Name, "rate_of_database", rate, "instances/s", PgBench.Name, Statistics.Median(limits)));
        var peerName = peer is null ? null : GraphileWorker.Name;
        context.Report(new(Name, "cpu", (servers + agents + postgres) / done * Million, "us/instance", peerName, peer is null ? null : peerSeconds / done * Million));
        context.Report(Figure.Of(Name, "rate", rate, "instances/s", GraphileWorker.Name, peerRates));
    }

    // Includes the transactions of readers and loops: a lower bound of the batch.
    private static Task<long> CommitsAsync(BenchStack stack) =>
        stack.AskAsync<long>("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()");

    private static async Task MustBeJournalledAsync(BenchStack stack, int instances)
    {
        var ended = await stack.AskAsync<long>("SELECT coalesce(sum(span), 0) FROM events WHERE level = 'task_instance' AND state = 'SUCCEED'");
        if (ended != instances)
        {
            throw new BenchFailure($"{instances} instances succeeded, but the journal has {ended} such events");
        }
    }
}
