using System.Diagnostics;
using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>What the engine does while the broker is away, and how fast the backlog drains when it is back.</summary>
internal sealed class BrokerDown : IBench
{
    private const string Topic = "broker-down";

    public string Name => "broker-down";

    public string Summary => "instances a second while the broker is away ÷ before; events a second when it is back ÷ when it never was away";

    public IReadOnlyList<Target> Targets { get; } = [Target.RatioAtLeast("drain", must: 0.5, aim: 0.9), Target.RatioAtLeast("engine", must: 0.9, aim: 0.98)];

    public async Task RunAsync(BenchContext context)
    {
        var count = context.Count(100_000, 1_000);
        var document = EventLoad.Array(count, Topic);
        await using var stack = await BenchStack.StartAsync(context, new StackShape());
        var queue = await EventQueue.BindAsync(stack, [Topic], context.Cancellation);
        try
        {
            await stack.WarmUpAsync();
            var (before, away, undisturbed, drain) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
            for (var run = 0; run < context.Runs; run++)
            {
                undisturbed.Add(count / await EventLoad.DeliverAsync(stack, queue, document, jobs: 1, count, context.Cancellation));
                await queue.PurgeAsync(context.Cancellation);
                before.Add(count / await stack.RunAsync(document));
                await queue.HoldsAsync(count, Stopwatch.GetTimestamp(), context.Cancellation);
                await queue.PurgeAsync(context.Cancellation);

                await stack.KillBrokerAsync();
                away.Add(count / await stack.RunAsync(document));

                // The server is back at the broker before the broker says that it has started, so the queue is watched from its first answer on.
                var starting = stack.StartBrokerAsync();
                queue = await queue.ReopenAsync(stack.AmqpUrl, context.Cancellation);
                var drained = await DrainAsync(queue, count, context);
                await starting;
                drain.AddRange(drained is { } rate ? [rate] : []);
                await queue.PurgeAsync(context.Cancellation);
                BenchContext.Say(FormattableString.Invariant(
                    $"  before {before[^1]:0}, away {away[^1]:0} instances a second; back {drained:0}, undisturbed {undisturbed[^1]:0} events a second"));
            }

            if (drain.Count > 0)
            {
                context.Report(new(Name, "drain", Statistics.Median(drain), "events/s", "no outage", Statistics.Median(undisturbed)));
            }

            context.Report(new(Name, "engine", Statistics.Median(away), "instances/s", "before", Statistics.Median(before)));
        }
        finally
        {
            await queue.DisposeAsync();
        }
    }

    /// <summary>
    /// Events a second from the first one that is seen: how long the server waits before it tries the broker again is another matter. Null: most were in the queue before it could be
    /// looked at, so that the rest says nothing.
    /// </summary>
    private static async Task<double?> DrainAsync(EventQueue queue, int count, BenchContext context)
    {
        uint first;
        while ((first = await queue.CountAsync(context.Cancellation)) == 0)
        {
            await Task.Delay(1, context.Cancellation);
        }

        var begin = Stopwatch.GetTimestamp();
        var seconds = await queue.HoldsAsync(count, begin, context.Cancellation);
        return first > count / 2 ? null : (count - first) / seconds;
    }
}
