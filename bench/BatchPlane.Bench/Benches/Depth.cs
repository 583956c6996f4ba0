using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>What waits, and what is over, does not slow down what runs.</summary>
internal sealed class Depth : IBench
{
    private const int InstancesPerWaitingJob = 1_000;
    private const int MeasuredPriority = 100;

    public string Name => "depth";

    public string Summary => "instances a second with 1,000,000 pending ÷ with 10,000, and with 5,000,000 finished rows ÷ with none";

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
        await InsertFinishedAsync(stack, context.Count(5_000_000, 10_000), context);
        var full = await RatesAsync(stack, 0, context);
        context.Report(new(Name, "finished_5000000", full, "instances/s", "empty tables", empty));
    }

    // Many jobs, not one array: an array that waits is a single row. What is measured goes before them, so that they are there to its end.
    private static async Task FillAsync(BenchStack stack, int jobs, BenchContext context)
    {
        var waiting = await stack.AskAsync<long>("SELECT coalesce(sum(instance_count - next_index), 0) FROM tasks WHERE finished_at IS NULL");
        var missing = Math.Max(0, jobs - (int)(waiting / InstancesPerWaitingJob));
        BenchContext.Say(FormattableString.Invariant($"  {waiting} pending, submitting {missing} jobs of {InstancesPerWaitingJob} instances"));
        await Parallel.ForAsync(0, missing, context.Cancellation, async (_, cancellation) =>
            await stack.Client.SubmitAsync(BenchClient.Noop(InstancesPerWaitingJob), cancellation));
    }

    // As the engine leaves them, copied from a job that it ran: rows of instances and their events, under tasks of a job of their own.
    private static async Task InsertFinishedAsync(BenchStack stack, int rows, BenchContext context)
    {
        const int RowsPerTask = 10_000;
        BenchContext.Say(FormattableString.Invariant($"inserting {rows} finished instances"));
        await using var command = stack.Database.CreateCommand("""
            INSERT INTO task_instances (task_id, instance_index, state, attempt, node_id, node_epoch, exit_code, cause, launched_at, running_at, finished_at)
            SELECT -(n / @per_task) - 1, n % @per_task, i.state, 1, i.node_id, i.node_epoch, i.exit_code, i.cause, i.launched_at, i.running_at, i.finished_at
            FROM generate_series(0, @rows - 1) AS n
            CROSS JOIN (SELECT * FROM task_instances WHERE state = 'SUCCEED' LIMIT 1) AS i;
            INSERT INTO events (order_txid, shard, subject_id, sequence, level, state, task_no, instance_index, attempt, node_id, exit_code, cause, source, launched_at, running_at, occurred_at, notify)
            SELECT e.order_txid, e.shard, 'job-finished' || n / @per_task, n % @per_task + 1, e.level, e.state, 0, n % @per_task, 1, e.node_id, e.exit_code, e.cause, e.source, e.launched_at, e.running_at, e.occurred_at, 0
            FROM generate_series(0, @rows - 1) AS n
            CROSS JOIN (SELECT * FROM events WHERE level = 'task_instance' AND state = 'SUCCEED' LIMIT 1) AS e;
            """);
        command.CommandTimeout = 0;
        command.Parameters.AddWithValue("per_task", RowsPerTask);
        command.Parameters.AddWithValue("rows", rows);
        await command.ExecuteNonQueryAsync(context.Cancellation);
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
