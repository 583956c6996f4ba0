using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>
/// Ten agents upload 50 MB of output each at once: how fast it is stored, what that takes of the server's memory, and whether heartbeats come on time
/// meanwhile. A quick run writes 30 MB each, which is still more than the memory it may take.
/// </summary>
internal sealed class Logs : IBench
{
    private const int Agents = 10;
    private const double Megabyte = 1_000_000;

    /// <summary>Seconds since the heartbeat that is longest ago; 20 s is the lease that each renews.</summary>
    private const string HeartbeatAge = "SELECT coalesce(max(20 - extract(epoch FROM lease_until - now())), 0)::float8 FROM nodes WHERE state = 'RUNNING'";

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    public string Name => "logs";

    public string Summary => "MB of output a second from 10 agents that write 50 MB each, and what it does to the server's memory and to heartbeats (every 5 s)";

    public IReadOnlyList<Target> Targets { get; } = [Target.ValueAtMost("memory_growth", must: 200, aim: 100), Target.ValueAtMost("heartbeat_age", must: 10, aim: 6)];

    public async Task RunAsync(BenchContext context)
    {
        var bytesOfEach = context.Count(50_000_000, 30_000_000);
        await using var stack = await BenchStack.StartAsync(context, new StackShape { Agents = [Agents], Slots = 1 });
        var (rates, growths, ages) = (new List<double>(), new List<double>(), new List<double>());
        for (var run = 0; run < context.Runs; run++)
        {
            var before = ProcessUsage.ResidentBytes(stack.ServerPid);
            using var over = CancellationTokenSource.CreateLinkedTokenSource(context.Cancellation);
            var watching = WatchAsync(stack, over.Token);
            var seconds = await stack.RunAsync(BenchClient.Job(FormattableString.Invariant($$"""{"command":"head -c {{bytesOfEach}} /dev/zero | tr '\\0' x"}"""), Agents));
            await over.CancelAsync();
            var (peak, age) = await watching;
            rates.Add(Agents * bytesOfEach / Megabyte / seconds);
            growths.Add(Math.Max(0, peak - before) / Megabyte);
            ages.Add(age);
            BenchContext.Say(FormattableString.Invariant($"  {Agents} x {bytesOfEach} bytes: {rates[^1]:0} MB/s"));
        }

        context.Report(new(Name, "stored", stack.StoredOutputBytes() / Megabyte / context.Runs, "MB"));
        context.Report(new(Name, "memory_growth", Statistics.Median(growths), "MB"));
        context.Report(new(Name, "heartbeat_age", ages.Max(), "s"));
        context.Report(new(Name, "throughput", Statistics.Median(rates), "MB/s"));
    }

    /// <summary>Looks until cancelled; the largest resident memory, in bytes, and the oldest heartbeat, in seconds.</summary>
    private static async Task<(double Peak, double Age)> WatchAsync(BenchStack stack, CancellationToken cancellation)
    {
        var (peak, age) = (0.0, 0.0);
        while (!cancellation.IsCancellationRequested)
        {
            peak = Math.Max(peak, ProcessUsage.ResidentBytes(stack.ServerPid));
            age = Math.Max(age, await stack.AskAsync<double>(HeartbeatAge));
            await Task.WhenAny(Task.Delay(LookAgain, cancellation));
        }

        return (peak, age);
    }
}
