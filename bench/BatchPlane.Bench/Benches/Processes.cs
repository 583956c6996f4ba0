using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Peers;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>Real processes with captured output, in turn with the same processes started bare.</summary>
internal sealed class Processes : IBench
{
    private const string Program = "/bin/true";
    private const int Parallel = 4;

    public string Name => "processes";

    public string Summary => "/bin/true instances a second with captured output, 4 at a time; against bare starts of processes";

    public async Task RunAsync(BenchContext context)
    {
        var count = context.Count(5_000, 50);
        await using var stack = await BenchStack.StartAsync(context, new StackShape { Slots = Parallel });
        await RateAsync(stack, count / 5);
        var (rates, bare) = (new List<double>(), new List<double>());
        for (var run = 0; run < context.Runs; run++)
        {
            rates.Add(await RateAsync(stack, count));
            bare.Add(SpawnLoop.Rate(Program, count, Parallel));
        }

        context.Report(new(Name, "rate", Statistics.Median(rates), "instances/s", SpawnLoop.Name, Statistics.Median(bare)));
    }

    private static async Task<double> RateAsync(BenchStack stack, int count)
    {
        var rate = count / await stack.RunAsync(BenchClient.Job($$"""{"argv":["{{Program}}"]}""", count));
        BenchContext.Say(FormattableString.Invariant($"  {count} instances: {rate:0} a second"));
        return rate;
    }
}
