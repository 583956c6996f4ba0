using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>As many messages each time, as one, ten and a hundred copies of each event.</summary>
internal sealed class FanOut : IBench
{
    private static readonly int[] Widths = [1, 10, 100];

    public string Name => "fan-out";

    public string Summary => "microseconds for each copy of an event that goes to 1, 10 and 100 topics, all into one quorum queue";

    public IReadOnlyList<Target> Targets { get; } = [Target.RatioAtMost("to_10", must: 1.5, aim: 1.1), Target.RatioAtMost("to_100", must: 1.5, aim: 1.1)];

    public async Task RunAsync(BenchContext context)
    {
        // So that each width divides it.
        var copies = context.Count(60_000, 1_000);
        string[] topics = [.. Enumerable.Range(0, Widths.Max()).Select(number => FormattableString.Invariant($"fan-{number}"))];
        await using var stack = await BenchStack.StartAsync(context, new StackShape());
        await using var queue = await EventQueue.BindAsync(stack, topics, context.Cancellation);
        await stack.WarmUpAsync();
        var costs = Widths.ToDictionary(width => width, _ => new List<double>());

        // The first run warms what delivers.
        for (var run = 0; run <= context.Runs; run++)
        {
            foreach (var width in Widths)
            {
                await queue.PurgeAsync(context.Cancellation);
                var document = EventLoad.Array(copies / width, topics[..width]);
                var seconds = await EventLoad.DeliverAsync(stack, queue, document, jobs: 1, copies, context.Cancellation);
                BenchContext.Say(FormattableString.Invariant($"  {copies} copies, {width} of each event: {copies / seconds:0} a second"));
                if (run > 0)
                {
                    costs[width].Add(seconds / copies * 1_000_000);
                }
            }
        }

        context.Report(new(Name, "to_1", Statistics.Median(costs[1]), "us/copy"));
        context.Report(new(Name, "to_10", Statistics.Median(costs[10]), "us/copy", "1 topic", Statistics.Median(costs[1])));
        context.Report(new(Name, "to_100", Statistics.Median(costs[100]), "us/copy", "1 topic", Statistics.Median(costs[1])));
    }
}
