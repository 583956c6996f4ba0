using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;

namespace BatchPlane.Bench.Benches;

/// <summary>What PostgreSQL writes to its log for one short instance.</summary>
internal sealed class Wal : IBench
{
    public string Name => "wal";

    public string Summary => "bytes of write-ahead log per short instance, begin and end journalled";

    public IReadOnlyList<Target> Targets { get; } = [Target.ValueAtMost("wal", must: 1_500, aim: 900)];

    public async Task RunAsync(BenchContext context)
    {
        var count = context.Count(200_000, 2_000);
        await using var stack = await BenchStack.StartAsync(context, new StackShape());
        await stack.WarmUpAsync();
        var bytes = new List<double>();
        for (var run = 0; run < context.Runs; run++)
        {
            var before = await PositionAsync(stack);
            await stack.NoopRateAsync(count);
            bytes.Add((double)(await PositionAsync(stack) - before) / count);
        }

        context.Report(new(Name, "wal", Statistics.Median(bytes), "bytes/instance"));
    }

    private static Task<decimal> PositionAsync(BenchStack stack) => stack.AskAsync<decimal>("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn");
}
