using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>From a transition to the consumer that asked for it, with nothing else to do and at half of what delivery can do.</summary>
internal sealed class EventLatency : IBench
{
    private const string Topic = "event-latency";

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    public string Name => "event-latency";

    public string Summary => "milliseconds from a transition (the clock within its transaction, so a little before the commit) to a consumer: idle, and at half the rate of dispatch";

    public IReadOnlyList<Target> Targets { get; } =
    [
        Target.ValueAtMost("idle_p50", must: 20, aim: 5), Target.ValueAtMost("idle_p99", must: 100, aim: 15), Target.ValueAtMost("loaded_p99", must: 500, aim: 100),
    ];

    public async Task RunAsync(BenchContext context)
    {
        await using var stack = await BenchStack.StartAsync(context, new StackShape());
        await using var queue = await EventQueue.BindAsync(stack, [Topic], context.Cancellation);
        await stack.WarmUpAsync();
        var rate = await RateAsync(stack, queue, context);
        var consumer = new LatencyConsumer(queue.Channel);
        await queue.ConsumeAsync(consumer, context.Cancellation);
        var idle = await IdleAsync(stack, consumer, context.Count(500, 20), context);
        var loaded = await LoadedAsync(stack, consumer, rate / 2, context);
        context.Report(new(Name, "idle_p50", idle[idle.Length / 2], "ms"));
        context.Report(new(Name, "idle_p99", idle[idle.Length * 99 / 100], "ms"));
        context.Report(new(Name, "load", rate / 2, "events/s"));
        context.Report(new(Name, "loaded_p50", loaded[loaded.Length / 2], "ms"));
        context.Report(new(Name, "loaded_p99", loaded[loaded.Length * 99 / 100], "ms"));
    }

    /// <summary>What delivery can do here, in events a second.</summary>
    private static async Task<double> RateAsync(BenchStack stack, EventQueue queue, BenchContext context)
    {
        var count = context.Count(50_000, 500);
        var rates = new List<double>();
        for (var run = 0; run < context.Runs; run++)
        {
            rates.Add(count / await EventLoad.DeliverAsync(stack, queue, EventLoad.Array(count, Topic), jobs: 1, count, context.Cancellation));
            await queue.PurgeAsync(context.Cancellation);
        }

        return Statistics.Median(rates);
    }

    /// <summary>One event at a time.</summary>
    private static async Task<double[]> IdleAsync(BenchStack stack, LatencyConsumer consumer, int events, BenchContext context)
    {
        var document = EventLoad.Job(1, [Topic], "JOB_SUCCEED");
        for (var sent = 0; sent < events; sent++)
        {
            await stack.Client.SubmitAsync(document, context.Cancellation);
            await consumer.GotAsync(sent + 1, context.Cancellation);
        }

        return consumer.Take();
    }

    /// <summary>Jobs at a steady pace, each with the events of one step.</summary>
    private static async Task<double[]> LoadedAsync(BenchStack stack, LatencyConsumer consumer, double rate, BenchContext context)
    {
        var ofStep = (int)Math.Max(1, rate * Step.TotalSeconds);
        var steps = context.Count(150, 5);
        var document = EventLoad.Array(ofStep, Topic);
        using var timer = new PeriodicTimer(Step);
        for (var step = 0; step < steps; step++)
        {
            await stack.Client.SubmitAsync(document, context.Cancellation);
            await timer.WaitForNextTickAsync(context.Cancellation);
        }

        await consumer.GotAsync(ofStep * steps, context.Cancellation);
        return consumer.Take();
    }
}
