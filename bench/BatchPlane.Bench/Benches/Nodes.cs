using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>What nodes cost and how soon the loss of one is made good.</summary>
internal sealed partial class Nodes : IBench
{
    private const double Million = 1_000_000;
    private const int QuickLease = 3;
    private const int Lease = 20;

    // Reads are not counted; what PostgreSQL does for itself is not either.
    private const string RowsWritten = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_user_tables";
    private const string WalWritten = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8";

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan FailoverLimit = TimeSpan.FromMinutes(2);

    public string Name => "nodes";

    public string Summary => "seconds beyond the lease from kill -9 of an agent to its instance running elsewhere; what 1,000 simulated agents cost a server that has no work, and how soon one of them gets an instance";

    public IReadOnlyList<Target> Targets { get; } = [Target.ValueAtMost("beyond_lease", must: 2, aim: 1)];

    public async Task RunAsync(BenchContext context)
    {
        await FleetAsync(context);
        await FailoversAsync(context);
    }

    private async Task FleetAsync(BenchContext context)
    {
        var agents = context.Count(1_000, 20);
        var window = TimeSpan.FromSeconds(context.Count(30, 2));
        await using var stack = await BenchStack.StartAsync(context, Shape(context, agents: 0));
        var idle = await UsageAsync(stack, window, beats: () => 0, context);
        await using var fleet = await SimulatedFleet.StartAsync(stack, agents, context.Cancellation);

        // So that each has beaten once and what joining cost is over.
        await Task.Delay(window / 2, context.Cancellation);
        var busy = await UsageAsync(stack, window, () => fleet.Beats, context);
        var beats = Math.Max(1, busy.Beats);
        context.Report(new(Name, "heartbeats", beats / window.TotalSeconds, "1/s"));
        context.Report(new(Name, "heartbeat_server_cpu", Math.Max(0, busy.Server - idle.Server) / beats * Million, "us/heartbeat"));
        context.Report(new(Name, "heartbeat_postgres_cpu", Math.Max(0, busy.Postgres - idle.Postgres) / beats * Million, "us/heartbeat"));
        context.Report(new(Name, "heartbeat_cpu", Math.Max(0, busy.Server + busy.Postgres - idle.Server - idle.Postgres) / window.TotalSeconds, "cores"));
        context.Report(new(Name, "heartbeat_rows", Math.Max(0, busy.Rows - idle.Rows) / window.TotalSeconds, "rows/s"));
        context.Report(new(Name, "heartbeat_wal", Math.Max(0, busy.Wal - idle.Wal) / beats, "bytes/heartbeat"));
        var waits = await ClaimsAsync(stack, fleet, context);
        context.Report(new(Name, "claim_p50", waits[waits.Length / 2], "ms"));
        context.Report(new(Name, "claim_p99", waits[waits.Length * 99 / 100], "ms"));
    }

    /// <summary>Milliseconds from sending a job of one instance to an agent that has it, one job after the other; sorted.</summary>
    private static async Task<double[]> ClaimsAsync(BenchStack stack, SimulatedFleet fleet, BenchContext context)
    {
        var waits = new List<double>();
        while (waits.Count < context.Count(300, 20))
        {
            var begin = Stopwatch.GetTimestamp();
            var jobId = await stack.Client.SubmitAsync(BenchClient.Noop(1), context.Cancellation);
            long? arrived;
            while ((arrived = fleet.GrantOf(jobId)) is null)
            {
                await Task.Delay(1, context.Cancellation);
            }

            waits.Add(Stopwatch.GetElapsedTime(begin, arrived.Value).TotalMilliseconds);
        }

        return [.. waits.Order()];
    }

    private async Task FailoversAsync(BenchContext context)
    {
        var lease = context.Count(Lease, QuickLease);
        await using var stack = await BenchStack.StartAsync(context, Shape(context, agents: 2, lease));
        var seconds = new List<double>();
        for (var run = 0; run < context.Runs; run++)
        {
            seconds.Add(await FailoverAsync(stack, run, context));
            BenchContext.Say(FormattableString.Invariant($"  running elsewhere after {seconds[^1]:0.0} s"));
        }

        context.Report(new(Name, "failover", seconds.Max(), "s"));
        context.Report(new(Name, "beyond_lease", Math.Max(0, seconds.Max() - lease), "s"));
    }

    private static async Task<double> FailoverAsync(BenchStack stack, int run, BenchContext context)
    {
        var begun = Path.Combine(stack.Directory, FormattableString.Invariant($"begun-{run}"));
        var jobId = await stack.Client.SubmitAsync(BenchClient.Job($$"""{"command":"pwd >> {{begun}}; exec sleep 600"}""", 1), context.Cancellation);
        var first = (await LinesAsync(begun, 1, context.Cancellation))[0];
        var agent = int.Parse(AgentOf().Match(first).Groups[1].Value, CultureInfo.InvariantCulture);
        var begin = Stopwatch.GetTimestamp();
        stack.KillAgent(agent);
        await LinesAsync(begun, 2, context.Cancellation);
        var seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        await stack.Client.PostAsync($"/v1/jobs/{jobId}/terminate", "{}", context.Cancellation);
        await stack.ReviveAgentAsync(agent);
        return seconds;
    }

    private static async Task<string[]> LinesAsync(string file, int count, CancellationToken cancellation)
    {
        var begin = Stopwatch.GetTimestamp();
        while (true)
        {
            var lines = File.Exists(file) ? await File.ReadAllLinesAsync(file, cancellation) : [];
            if (lines.Length >= count)
            {
                return lines;
            }

            if (Stopwatch.GetElapsedTime(begin) > FailoverLimit)
            {
                throw new BenchFailure($"the command began {lines.Length} times instead of {count}");
            }

            await Task.Delay(LookAgain, cancellation);
        }
    }

    private static async Task<Usage> UsageAsync(BenchStack stack, TimeSpan window, Func<long> beats, BenchContext context)
    {
        var before = await LookAsync(stack, beats);
        await Task.Delay(window, context.Cancellation);
        var after = await LookAsync(stack, beats);
        return new(after.Server - before.Server, after.Postgres - before.Postgres, after.Rows - before.Rows, after.Wal - before.Wal, after.Beats - before.Beats);
    }

    private static async Task<Usage> LookAsync(BenchStack stack, Func<long> beats)
    {
        var (servers, _, postgres) = stack.ProcessorSeconds();
        return new(servers, postgres, await stack.AskAsync<long>(RowsWritten), await stack.AskAsync<double>(WalWritten), beats());
    }

    // Where a quick run is not about the lease it keeps the usual one: an agent that beats late on a busy machine must not be given up.
    private static StackShape Shape(BenchContext context, int agents, int? lease = null)
    {
        var options = new Dictionary<string, string>();
        if (context.Quick)
        {
            options["BATCHPLANE_OPTIONS__NODES__HEARTBEATSECONDS"] = "1";
        }

        if (context.Quick && lease is { } seconds)
        {
            options["BATCHPLANE_OPTIONS__NODES__LEASESECONDS"] = seconds.ToString(CultureInfo.InvariantCulture);
        }

        return new() { Agents = [agents], Slots = 1, Options = options };
    }

    [GeneratedRegex("/agent-([0-9]+)/")]
    private static partial Regex AgentOf();

    /// <summary>Processor seconds, rows, bytes of log and heartbeats, within a window or up to a moment.</summary>
    private sealed record Usage(double Server, double Postgres, long Rows, double Wal, long Beats);
}
