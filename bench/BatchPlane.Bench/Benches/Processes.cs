using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Peers;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>Real processes with captured output, in turn with an array of Slurm's and with the same processes started bare.</summary>
internal sealed class Processes : IBench
{
    private const string Program = "/bin/true";
    private const int Parallel = 4;
    private const double Million = 1_000_000;

    public string Name => "processes";

    public string Summary => "/bin/true instances a second with captured output, 4 at a time; against bare starts of processes, and against a Slurm array on a node of 64 processors";

    public IReadOnlyList<Target> Targets { get; } = [Target.RatioAtLeast("rate_of_spawn", must: 0.4, aim: 0.6), Target.RatioAtLeast("rate", must: 15, aim: 30)];

    public async Task RunAsync(BenchContext context)
    {
        var count = context.Count(5_000, 50);
        await using var stack = await BenchStack.StartAsync(context, new StackShape { Slots = Parallel });
        await using var slurm = await Slurm.StartAsync(context);
        await RateAsync(stack, count);
        var (rates, bare, array) = (new List<double>(), new List<double>(), new List<double>());
        var (servers, agents, postgres, spawns) = (0.0, 0.0, 0.0, 0.0);
        for (var run = 0; run < context.Runs; run++)
        {
            var before = stack.ProcessorSeconds();
            rates.Add(await RateAsync(stack, count));
            var after = stack.ProcessorSeconds();
            servers += after.Servers - before.Servers;
            agents += after.Agents - before.Agents;
            postgres += after.Postgres - before.Postgres;
            var ownBefore = ProcessUsage.SecondsWithWaited(Environment.ProcessId);
            bare.Add(SpawnLoop.Rate(Program, count, Parallel));
            spawns += ProcessUsage.SecondsWithWaited(Environment.ProcessId) - ownBefore;
            if (slurm is not null)
            {
                array.Add(await slurm.ArrayRateAsync(Program, context.Count(1_000, 5)));
            }
        }

        var (rate, done) = (Statistics.Median(rates), count * context.Runs);
        context.Report(new(Name, "server_cpu", servers / done * Million, "us/instance"));
        context.Report(new(Name, "agent_cpu", agents / done * Million, "us/instance"));
        context.Report(new(Name, "postgres_cpu", postgres / done * Million, "us/instance"));
        context.Report(new(Name, "cpu", (servers + agents + postgres) / done * Million, "us/instance", SpawnLoop.Name, spawns / done * Million));
        context.Report(new(Name, "rate_of_spawn", rate, "instances/s", SpawnLoop.Name, Statistics.Median(bare)));
        context.Report(Figure.Of(Name, "rate", rate, "instances/s", Slurm.ArrayName, array));
    }

    private static async Task<double> RateAsync(BenchStack stack, int count)
    {
        var rate = count / await stack.RunAsync(BenchClient.Job($$"""{"argv":["{{Program}}"]}""", count));
        BenchContext.Say(FormattableString.Invariant($"  {count} instances: {rate:0} a second"));
        return rate;
    }
}
