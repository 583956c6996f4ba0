using System.Collections.Concurrent;
using System.Globalization;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;
using Xunit.Abstractions;

namespace BatchPlane.Simulation.Tests;

/// <summary>
/// Random installations from seeds. Some hundreds here; many thousands with <c>./dev soak sim</c>, which sets <c>BATCHPLANE_SOAK_SEEDS</c> and, to
/// begin elsewhere or to repeat one seed, <c>BATCHPLANE_SOAK_SEED</c>.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int DefaultSeeds = 300;
    private const int ComparedSeeds = 8;
    private const int SmallWorld = 5;

    private static readonly string Golden = Path.Combine(AppContext.BaseDirectory, "../../../small-world.txt");

    [Fact]
    public void AnySeed_KeepsEveryPromise()
    {
        var seeds = Number("BATCHPLANE_SOAK_SEEDS") ?? DefaultSeeds;
        var first = Number("BATCHPLANE_SOAK_SEED") ?? 0;
        var broken = new ConcurrentBag<Outcome>();
        var (steps, repeats) = (0L, 0L);
        Parallel.For(first, first + seeds, (seed, loop) =>
        {
            var outcome = Simulation.Run(seed, keepsTrace: seeds == 1);
            Interlocked.Add(ref steps, outcome.Steps);
            Interlocked.Add(ref repeats, outcome.Repeats);
            if (seeds == 1)
            {
                output.WriteLine(outcome.ToString());
            }

            if (outcome.Violation is not null)
            {
                broken.Add(outcome);
                loop.Stop();
            }
        });
        output.WriteLine($"{seeds} worlds, {steps} steps, {repeats} events more than once");
        Assert.True(broken.IsEmpty, broken.MinBy(outcome => outcome.Seed)?.ToString());
    }

    [Fact]
    public void SameSeed_GivesTheSameTrace()
    {
        var hashes = Enumerable.Range(0, ComparedSeeds).Select(seed => Simulation.Run(seed).Hash).ToList();

        Assert.Equal(hashes, Enumerable.Range(0, ComparedSeeds).Select(seed => Simulation.Run(seed).Hash));
        Assert.Equal(ComparedSeeds, hashes.Distinct().Count());
    }

    [Fact]
    public void SmallWorld_IsToldAsBefore()
    {
        var outcome = Simulation.Run(SmallWorld, isSmall: true, keepsTrace: true);
        Assert.True(outcome.Violation is null, outcome.ToString());
        var text = string.Join('\n', outcome.Trace) + "\n";
        if (Environment.GetEnvironmentVariable("BATCHPLANE_UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(Golden, text);
        }

        Assert.Equal(File.ReadAllText(Golden), text);
    }

    [Fact]
    public void Records_ShareNothingThatCanChange()
    {
        Type[] records = [typeof(JobRecord), typeof(TaskRecord), typeof(InstanceRecord), typeof(EnvironmentRecord), typeof(NodeRecord)];
        Type[] copied = [typeof(IndexSet)];
        Type[] unchanging = [typeof(string), typeof(IReadOnlyList<TaskEdge>), typeof(RetryPolicy), typeof(Core.Notifications.NotificationInterest)];

        var others = records.SelectMany(record => record.GetProperties()).Where(property => property.CanWrite).Select(property => property.PropertyType)
            .Where(type => !type.IsValueType && !copied.Contains(type) && !unchanging.Contains(type)).Distinct();

        // A record with something else that can change needs a copy of it in Store/Images.
        Assert.Empty(others);
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
