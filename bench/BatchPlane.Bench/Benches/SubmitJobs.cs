using System.Diagnostics;
using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>Jobs of one instance, each acknowledged after its commit.</summary>
internal sealed class SubmitJobs : IBench
{
    private const int Clients = 8;

    public string Name => "submit-jobs";

    public string Summary => "single-instance jobs submitted a second by 8 clients";

    public async Task RunAsync(BenchContext context)
    {
        await using var stack = await BenchStack.StartAsync(context, new StackShape { Agents = [0] });
        var span = TimeSpan.FromSeconds(context.Count(5, 1));
        await RateAsync(stack, span, context);
        var rates = new List<double>();
        for (var run = 0; run < context.Runs; run++)
        {
            rates.Add(await RateAsync(stack, span, context));
        }

        context.Report(new(Name, "rate", Statistics.Median(rates), "jobs/s"));
    }

    private static async Task<double> RateAsync(BenchStack stack, TimeSpan span, BenchContext context)
    {
        var begin = Stopwatch.GetTimestamp();
        var submitted = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => SubmitAsync(stack, begin, span, context)));
        var rate = submitted.Sum() / Stopwatch.GetElapsedTime(begin).TotalSeconds;
        BenchContext.Say(FormattableString.Invariant($"  {rate:0} jobs a second"));
        return rate;
    }

    private static async Task<int> SubmitAsync(BenchStack stack, long begin, TimeSpan span, BenchContext context)
    {
        var submitted = 0;
        while (Stopwatch.GetElapsedTime(begin) < span)
        {
            await stack.Client.SubmitAsync(BenchClient.Job("""{"argv":["/bin/true"]}""", 1), context.Cancellation);
            submitted++;
        }

        return submitted;
    }
}
