using System.Data;
using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>A forgotten transaction elsewhere keeps PostgreSQL from removing dead rows; queues of many updates starve from it.</summary>
internal sealed class HeldSnapshot : IBench
{
    public string Name => "held-snapshot";

    public string Summary => "instances a second while another session holds a REPEATABLE READ snapshot ÷ before";

    public IReadOnlyList<Target> Targets { get; } = [Target.RatioAtLeast("rate", must: 0.8, aim: 0.95)];

    public async Task RunAsync(BenchContext context)
    {
        var count = context.Count(100_000, 2_000);
        await using var stack = await BenchStack.StartAsync(context, new StackShape());
        await stack.WarmUpAsync();
        var before = await RatesAsync(stack, count, context);
        await using var connection = await stack.Database.OpenConnectionAsync(context.Cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = "SET idle_in_transaction_session_timeout = 0";
        await command.ExecuteNonQueryAsync(context.Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, context.Cancellation);
        command.CommandText = "SELECT count(*) FROM jobs";
        await command.ExecuteScalarAsync(context.Cancellation);
        BenchContext.Say("a snapshot is held");
        var held = await RatesAsync(stack, count, context);
        context.Report(new(Name, "rate", Statistics.Median(held), "instances/s", "before the snapshot", Statistics.Median(before)));
    }

    private static async Task<List<double>> RatesAsync(BenchStack stack, int count, BenchContext context)
    {
        var rates = new List<double>();
        for (var run = 0; run < context.Runs; run++)
        {
            rates.Add(await stack.NoopRateAsync(count));
        }

        return rates;
    }
}
