using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>Pending instances take no memory in the server.</summary>
internal sealed class Memory : IBench
{
    private const int Pending = 1_000_000;
    private const double Megabyte = 1_000_000;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(5);

    public string Name => "memory";

    public string Summary => "growth of the server's resident memory for 1,000,000 pending instances";

    public IReadOnlyList<Target> Targets { get; } = [Target.ValueAtMost("growth", must: 50, aim: 5)];

    public async Task RunAsync(BenchContext context)
    {
        await using var stack = await BenchStack.StartAsync(context, new StackShape { Agents = [0] });
        for (var job = 0; job < context.Count(500, 20); job++)
        {
            await stack.Client.SubmitAsync(BenchClient.Noop(1), context.Cancellation);
        }

        var (befores, growths) = (new List<double>(), new List<double>());
        for (var run = 0; run < context.Runs; run++)
        {
            befores.Add(await ResidentAsync(stack, context));
            await stack.Client.SubmitAsync(BenchClient.Noop(Pending), context.Cancellation);
            growths.Add(Math.Max(0, await ResidentAsync(stack, context) - befores[^1]));
        }

        context.Report(new(Name, "server_before", befores[0], "MB"));
        context.Report(new(Name, "growth", Statistics.Median(growths), "MB"));
    }

    private static async Task<double> ResidentAsync(BenchStack stack, BenchContext context)
    {
        await Task.Delay(context.Quick ? TimeSpan.Zero : Settle, context.Cancellation);
        return ProcessUsage.ResidentBytes(stack.ServerPid) / Megabyte;
    }
}
