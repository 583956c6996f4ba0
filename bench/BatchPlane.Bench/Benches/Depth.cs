using System.Globalization;
using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>What waits, and what is over, does not slow down what runs.</summary>
internal sealed class Depth : IBench
{
    private const int InstancesPerJob = 1_000;
    private const int MeasuredPriority = 100;

    public string Name => "depth";

    public string Summary => "instances a second with 1,000,000 pending ÷ with 10,000, and with 5,000,000 finished rows more ÷ before";

    public IReadOnlyList<Target> Targets { get; } = [Target.RatioAtLeast("finished_5000000", must: 0.8, aim: 0.95), Target.RatioAtLeast("pending_1000000", must: 0.8, aim: 0.95)];

    public async Task RunAsync(BenchContext context)
    {
        await FinishedAsync(context);
        await PendingAsync(context);
    }

    private async Task PendingAsync(BenchContext context)
    {
        await using var stack = await BenchStack.StartAsync(context, new StackShape());
        await stack.WarmUpAsync();
        var shallow = await RatesAsync(stack, context.Count(10, 1), context);
        var deep = await RatesAsync(stack, context.Count(1_000, 10), context);
        context.Report(new(Name, "pending_1000000", deep, "instances/s", "10,000 pending", shallow));
    }

    private async Task FinishedAsync(BenchContext context)
    {
        await using var stack = await BenchStack.StartAsync(context, new StackShape());
        await stack.WarmUpAsync();
        var empty = await RatesAsync(stack, 0, context);
        await AddFinishedAsync(stack, context.Count(5_000, 10), context);
        var full = await RatesAsync(stack, 0, context);
        context.Report(new(Name, "finished_5000000", full, "instances/s", "those of the warm-up", empty));
    }

    // Many jobs, not one array: an array that waits is a single row. What is measured goes before them, so that they are there to its end.
    private static async Task FillAsync(BenchStack stack, int jobs, BenchContext context)
    {
        var waiting = await stack.AskAsync<long>("SELECT coalesce(sum(instance_count - next_index), 0) FROM tasks WHERE finished_at IS NULL");
        var missing = Math.Max(0, jobs - (int)(waiting / InstancesPerJob));
        BenchContext.Say(FormattableString.Invariant($"  {waiting} pending, submitting {missing} jobs of {InstancesPerJob} instances"));
        await Parallel.ForAsync(0, missing, context.Cancellation, async (_, cancellation) =>
            await stack.Client.SubmitAsync(BenchClient.Noop(InstancesPerJob), cancellation));
    }

    // The product runs one job; its rows in every table are then copied under other ids by SQL, because running five million instances takes
    // minutes. Afterwards what time would have done is done: rows are vacuumed and analysed, and written out.
    private static async Task AddFinishedAsync(BenchStack stack, int jobs, BenchContext context)
    {
        var model = await stack.Client.SubmitAsync(BenchClient.Noop(InstancesPerJob), context.Cancellation);
        await stack.Client.SucceededAsync(model, context.Cancellation);
        BenchContext.Say(FormattableString.Invariant($"  copying {jobs} jobs of {InstancesPerJob} finished instances"));
        var ofModel = FormattableString.Invariant($"job_id = '{model}'");
        var ofItsTask = $"task_id = (SELECT task_id FROM tasks WHERE {ofModel})";
        await CopyAsync(stack, jobs, "jobs", ofModel, ("job_id", "'job-copy' || copy"));
        await CopyAsync(stack, jobs, "tasks", ofModel, ("task_id", "-copy"), ("job_id", "'job-copy' || copy"));
        await CopyAsync(stack, jobs, "task_instances", ofItsTask, ("task_id", "-copy"));
        await CopyAsync(stack, jobs, "events", $"subject_id = '{model}'", ("subject_id", "'job-copy' || copy"), ("event_no", "nextval('event_no_seq')"));
        await stack.DoAsync("VACUUM (ANALYZE) task_instances, tasks, jobs, events");
        await stack.DoAsync("CHECKPOINT");
        var rows = await stack.AskAsync<long>("SELECT count(*) FROM task_instances WHERE state = 'SUCCEED' AND task_id < 0");
        if (rows != (long)jobs * InstancesPerJob)
        {
            throw new BenchFailure(string.Create(CultureInfo.InvariantCulture, $"{rows} finished instances were copied instead of {jobs * InstancesPerJob}"));
        }
    }

    // All columns of a table as they are, but for those that tell its rows apart.
    private static async Task CopyAsync(BenchStack stack, int copies, string table, string which, params (string Column, string Value)[] changed)
    {
        var columns = (await stack.AskAsync<string>(
            $"SELECT string_agg(quote_ident(attname), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped")).Split(',');
        var values = columns.Select(column => changed.FirstOrDefault(change => change.Column == column).Value ?? "model." + column);
        await stack.DoAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"INSERT INTO {table} ({string.Join(',', columns)}) SELECT {string.Join(',', values)} FROM generate_series(1, {copies}) AS copy CROSS JOIN (SELECT * FROM {table} WHERE {which}) AS model"));
    }

    private static async Task<double> RatesAsync(BenchStack stack, int waitingJobs, BenchContext context)
    {
        var rates = new List<double>();
        for (var run = 0; run < context.Runs; run++)
        {
            await FillAsync(stack, waitingJobs, context);
            rates.Add(await stack.NoopRateAsync(context.Count(100_000, 1_000), MeasuredPriority));
        }

        return Statistics.Median(rates);
    }
}
