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

    public async Task RunAsync(BenchContext context)
    {
        await using var stack = await BenchStack.StartAsync(context, new StackShape { Agents = [0] });
        for (var job = 0; job < context.Count(500, 20); job++)
        {
            await stack.Client.SubmitAsync(BenchClient.Noop(1), context.Cancellation);
        }

        var before = await ResidentAsync(stack, context);
        await stack.Client.SubmitAsync(BenchClient.Noop(Pending), context.Cancellation);
        context.Report(new(Name, "server_before", before / Megabyte, "MB"));
        context.Report(new(Name, "growth", Math.Max(0, await ResidentAsync(stack, context) - before) / Megabyte, "MB"));
    }

    private static async Task<long> ResidentAsync(BenchStack stack, BenchContext context)
    {
        await Task.Delay(context.Quick ? TimeSpan.Zero : Settle, context.Cancellation);
        return ProcessUsage.ResidentBytes(stack.ServerPid);
    }
}
