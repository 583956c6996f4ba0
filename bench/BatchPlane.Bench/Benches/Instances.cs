using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Peers;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>Short instances through the whole path: REST submit, claims and reports of a real agent over HTTP, journal, commit.</summary>
internal sealed class Instances : IBench
{
    private const double Million = 1_000_000;

    public string Name => "instances";

    public string Summary => "no-op instances a second through REST and agent, all events journalled; against graphile-worker";

    public async Task RunAsync(BenchContext context)
    {
        var count = context.Count(200_000, 2_000);
        await using var stack = await BenchStack.StartAsync(context, new StackShape());
        var peer = context.Quick ? null : await GraphileWorker.InstallAsync(context, stack.Database, stack.PostgresUrl);
        await stack.WarmUpAsync();
        var (transactions, rates, peerRates, peerSeconds) = (0L, new List<double>(), new List<double>(), 0.0);
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
                var (rate, seconds) = await peer.RunAsync(count, () => stack.ProcessorSeconds().Postgres);
                peerRates.Add(rate);
                peerSeconds += seconds;
            }
        }

        var done = count * context.Runs;
        await MustBeJournalledAsync(stack, done + context.Count(50_000, 500));
        context.Report(new(Name, "server_cpu", servers / done * Million, "us/instance"));
        context.Report(new(Name, "agent_cpu", agents / done * Million, "us/instance"));
        context.Report(new(Name, "postgres_cpu", postgres / done * Million, "us/instance"));
        context.Report(new(Name, "instances_per_transaction", (double)done / Math.Max(1, transactions), "instances"));
        var peerName = peer is null ? null : GraphileWorker.Name;
        context.Report(new(Name, "cpu", (servers + agents + postgres) / done * Million, "us/instance", peerName, peer is null ? null : peerSeconds / done * Million));
        context.Report(new(Name, "rate", Statistics.Median(rates), "instances/s", peerName, peer is null ? null : Statistics.Median(peerRates)));
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
