using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>The same two agents and the same two jobs, in turn with one server for both agents and with one for each.</summary>
internal sealed class TwoServers : IBench
{
    // What is compared differs by little: more runs than elsewhere.
    private const int RunsForOne = 2;

    public string Name => "two-servers";

    public string Summary => "instances a second with two servers on one database ÷ with one";

    public IReadOnlyList<Target> Targets { get; } = [Target.RatioAtLeast("rate", must: 0.9, aim: 1.2)];

    public async Task RunAsync(BenchContext context)
    {
        await using var one = await BenchStack.StartAsync(context, new StackShape { Agents = [2] });
        await using var two = await BenchStack.StartAsync(context, new StackShape { Servers = 2, Agents = [1, 1] });
        await one.WarmUpAsync();
        await two.WarmUpAsync();
        var (ofOne, ofTwo) = (new List<double>(), new List<double>());
        for (var run = 0; run < context.Runs * context.Count(RunsForOne, 1); run++)
        {
            ofOne.Add(await RateAsync(one, "one server", context));
            ofTwo.Add(await RateAsync(two, "two servers", context));
        }

        context.Report(new(Name, "rate", Statistics.Median(ofTwo), "instances/s", "one server", Statistics.Median(ofOne)));
    }

    private static async Task<double> RateAsync(BenchStack stack, string what, BenchContext context)
    {
        var count = context.Count(100_000, 1_000);
        var rate = 2 * count / await stack.RunAsync(BenchClient.Noop(count), BenchClient.Noop(count));
        BenchContext.Say(FormattableString.Invariant($"  {what}: {rate:0} a second"));
        return rate;
    }
}
