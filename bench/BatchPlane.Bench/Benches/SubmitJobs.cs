using System.Diagnostics;
using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Peers;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>Jobs of one instance, each acknowledged after its commit, in turn with as many clients of sbatch, and with as many that send a job's rows to PostgreSQL.</summary>
internal sealed class SubmitJobs : IBench
{
    private const int Clients = 8;

    // Until the runtime has compiled what runs often for the last time.
    private const int WarmUpSeconds = 20;

    public string Name => "submit-jobs";

    public string Summary => "single-instance jobs submitted a second by 8 clients, each durable when it is answered; against `sbatch` by 8 clients, and against 8 connections that insert a job's rows";

    public IReadOnlyList<Target> Targets { get; } = [Target.RatioAtLeast("rate", must: 4, aim: 10)];

    public async Task RunAsync(BenchContext context)
    {
        await using var stack = await BenchStack.StartAsync(context, new StackShape { Agents = [0] });
        await using var slurm = await Slurm.StartAsync(context);
        var database = await PgBench.PrepareAsync(context, stack);
        var seconds = context.Count(5, 1);
        await RateAsync(stack, context.Count(WarmUpSeconds, 1), context);
        var (rates, ofSlurm, ofDatabase) = (new List<double>(), new List<double>(), new List<double>());
        for (var run = 0; run < context.Runs; run++)
        {
            rates.Add(await RateAsync(stack, seconds, context));
            ofDatabase.Add(await database.RateAsync("submit.sql", Clients, seconds));
            if (slurm is not null)
            {
                ofSlurm.Add(await slurm.SubmitRateAsync(Clients, context.Count(100, 2)));
            }
        }

        var rate = Statistics.Median(rates);
        context.Report(new(Name, "rate_of_database", rate, "jobs/s", PgBench.Name, Statistics.Median(ofDatabase)));
        context.Report(Figure.Of(Name, "rate", rate, "jobs/s", Slurm.SubmitName, ofSlurm));
    }

    private static async Task<double> RateAsync(BenchStack stack, int seconds, BenchContext context)
    {
        var begin = Stopwatch.GetTimestamp();
        var submitted = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => SubmitAsync(stack, begin, TimeSpan.FromSeconds(seconds), context)));
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
