using System.Diagnostics;
using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>Submitting costs the same whatever the size of the array.</summary>
internal sealed class SubmitArray : IBench
{
    private const int Large = 1_000_000;
    private const int Small = 1_000;

    public string Name => "submit-array";

    public string Summary => "time to submit 1,000,000 instances ÷ time to submit 1,000";

    public IReadOnlyList<Target> Targets { get; } = [Target.RatioAtMost("submit", must: 1.5, aim: 1.2)];

    public async Task RunAsync(BenchContext context)
    {
        await using var stack = await BenchStack.StartAsync(context, new StackShape { Agents = [0] });
        var (large, small) = (new List<double>(), new List<double>());
        var samples = context.Count(50, 5);
        for (var sample = -samples; sample < samples; sample++)
        {
            // The first half warms up.
            var (ofLarge, ofSmall) = (await MillisecondsAsync(stack, Large, context), await MillisecondsAsync(stack, Small, context));
            if (sample >= 0)
            {
                large.Add(ofLarge);
                small.Add(ofSmall);
            }
        }

        context.Report(new(Name, "submit", Statistics.Median(large), "ms", "1,000 instances", Statistics.Median(small)));
    }

    private static async Task<double> MillisecondsAsync(BenchStack stack, int instances, BenchContext context)
    {
        var begin = Stopwatch.GetTimestamp();
        await stack.Client.SubmitAsync(BenchClient.Noop(instances), context.Cancellation);
        return Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
    }
}
