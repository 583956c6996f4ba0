using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>The same two agents and the same two jobs, with one server for both agents or one for each.</summary>
internal sealed class TwoServers : IBench
{
    public string Name => "two-servers";

    public string Summary => "instances a second with two servers on one database ÷ with one";

    public async Task RunAsync(BenchContext context)
    {
        var one = await RateAsync(context, new StackShape { Agents = [2] });
        var two = await RateAsync(context, new StackShape { Servers = 2, Agents = [1, 1] });
        context.Report(new(Name, "rate", two, "instances/s", "one server", one));
    }

    private static async Task<double> RateAsync(BenchContext context, StackShape shape)
    {
        var count = context.Count(100_000, 2_000);
        await using var stack = await BenchStack.StartAsync(context, shape);
        await stack.WarmUpAsync();
        var rates = new List<double>();
        for (var run = 0; run < context.Runs; run++)
        {
            rates.Add(2 * count / await stack.RunAsync(BenchClient.Noop(count), BenchClient.Noop(count)));
            BenchContext.Say(FormattableString.Invariant($"  {shape.Servers} servers: {rates[^1]:0} a second"));
        }

        return Statistics.Median(rates);
    }
}
