using System.Diagnostics;
using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Peers;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>From the journal to confirmed in a quorum queue, one message for each event.</summary>
internal sealed class Dispatch : IBench
{
    private const string Topic = "dispatch";
    private const int Jobs = 8;
    private const int RunsOfPeer = 2;
    private const int EventsOfSingle = 6;
    private const double Million = 1_000_000;

    public string Name => "dispatch";

    public string Summary => "events a second from the journal into a quorum queue, confirmed; against the RabbitMQ client alone with 1,000 messages in flight";

    public IReadOnlyList<Target> Targets { get; } = [Target.RatioAtLeast("rate", must: 0.6, aim: 0.8)];

    public async Task RunAsync(BenchContext context)
    {
        var ofJob = context.Count(12_500, 100);
        var singles = context.Count(5_000, 50);
        await using var stack = await BenchStack.StartAsync(context, new StackShape());
        await using var queue = await EventQueue.BindAsync(stack, [Topic], context.Cancellation);
        await stack.WarmUpAsync();
        await DeliverAsync(stack, queue, EventLoad.Array(ofJob, Topic), Jobs, ofJob * Jobs, context);
        var (rates, peers, rows, server, postgres, broker, peerBroker) = (new List<double>(), new List<double>(), new List<double>(), 0.0, 0.0, 0.0, 0.0);
        for (var run = 0; run < context.Runs; run++)
        {
            rows.Add(await DeliverAsync(stack, queue, EventLoad.Single(Topic), singles, singles * EventsOfSingle, context));
            await queue.PurgeAsync(context.Cancellation);

            // The engine's share is over when the gate opens; what is left is delivery.
            await using var gate = await JournalGate.CloseAsync(stack, context.Cancellation);
            await EventLoad.RunAsync(stack, EventLoad.Array(ofJob, Topic), Jobs, context.Cancellation);
            var before = stack.ProcessorSeconds();
            broker -= stack.BrokerSeconds();
            var begin = Stopwatch.GetTimestamp();
            await gate.OpenAsync(context.Cancellation);
            rates.Add(ofJob * Jobs / await queue.HoldsAsync(ofJob * Jobs, begin, context.Cancellation));
            var after = stack.ProcessorSeconds();
            broker += stack.BrokerSeconds();
            server += after.Servers - before.Servers;
            postgres += after.Postgres - before.Postgres;
            BenchContext.Say(FormattableString.Invariant($"  {ofJob * Jobs} events of arrays: {rates[^1]:0} a second"));
            peerBroker -= stack.BrokerSeconds();
            peers.Add(await RabbitClient.RateAsync(stack.AmqpUrl, Topic, queue, ofJob * Jobs, context.Cancellation));
            peerBroker += stack.BrokerSeconds();
        }

        var events = ofJob * Jobs * context.Runs;
        context.Report(new(Name, "server_cpu", server / events * Million, "us/event"));
        context.Report(new(Name, "postgres_cpu", postgres / events * Million, "us/event"));
        context.Report(new(Name, "broker_cpu", broker / events * Million, "us/event", RabbitClient.Name, peerBroker / events / RunsOfPeer * Million));
        context.Report(new(Name, "rate_of_rows", Statistics.Median(rows), "events/s", RabbitClient.Name, Statistics.Median(peers)));
        context.Report(new(Name, "rate", Statistics.Median(rates), "events/s", RabbitClient.Name, Statistics.Median(peers)));
    }

    private static async Task<double> DeliverAsync(BenchStack stack, EventQueue queue, string document, int jobs, int events, BenchContext context)
    {
        await queue.PurgeAsync(context.Cancellation);
        var rate = events / await EventLoad.DeliverAsync(stack, queue, document, jobs, events, context.Cancellation);
        BenchContext.Say(FormattableString.Invariant($"  {events} events of {jobs} jobs: {rate:0} a second"));
        return rate;
    }
}
