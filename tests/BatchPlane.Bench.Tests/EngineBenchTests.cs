using static BatchPlane.Bench.Tests.BenchAssert;

namespace BatchPlane.Bench.Tests;

/// <summary>The benchmarks of the engine run and print sane figures.</summary>
public sealed class EngineBenchTests(EngineBenches benches) : IClassFixture<EngineBenches>
{
    [Fact]
    public void All_RunAndLeaveTheirPage()
    {
        RanAndLeftTheirPage(benches);
        Assert.Contains("| instances | rate |", File.ReadAllText(benches.ResultsFile).Split("What else was measured")[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("instances", "rate", false)]
    [InlineData("processes", "rate", false)]
    [InlineData("submit-array", "submit", true)]
    [InlineData("submit-jobs", "rate", false)]
    [InlineData("depth", "pending_1000000", true)]
    [InlineData("held-snapshot", "rate", true)]
    [InlineData("memory", "growth", false)]
    [InlineData("logs", "throughput", false)]
    [InlineData("nodes", "beyond_lease", false)]
    [InlineData("wal", "wal", false)]
    [InlineData("two-servers", "rate", true)]
    public void Bench_PrintsItsFiguresWithTheHeadlineLast(string bench, string headline, bool isItsOwnPeer) => PrintsItsFigures(benches, bench, headline, isItsOwnPeer);

    [Theory]
    [InlineData("instances", "rate_of_database", "pgbench")]
    [InlineData("submit-jobs", "rate_of_database", "pgbench")]
    [InlineData("processes", "rate_of_spawn", "bare posix_spawn")]
    public void PeerThatIsAlwaysThere_RunsInTheQuickForm(string bench, string figure, string peer) => Assert.True(RatioTo(bench, figure, peer) > 0);

    [Theory]
    [InlineData("processes", "Slurm array")]
    [InlineData("submit-jobs", "sbatch")]
    public void Slurm_RunsInTheQuickFormWhereItIsInstalled(string bench, string peer)
    {
        if (File.Exists("/usr/sbin/slurmctld"))
        {
            Assert.True(RatioTo(bench, "rate", peer) > 0);
        }
    }

    [Fact]
    public void TenAgentsThatWriteMuch_SlowNoHeartbeatAndTakeNoMemory()
    {
        var figures = benches.Figures.Where(figure => Text(figure, "bench") == "logs").ToDictionary(figure => Text(figure, "figure")!, figure => figure.GetProperty("value").GetDouble());

        // All of it arrived, so there was something to take memory and to be late for.
        Assert.Equal(300, figures["stored"]);
        Assert.InRange(figures["memory_growth"], 0, 200);
        Assert.InRange(figures["heartbeat_age"], 0, 12);
    }

    [Fact]
    public async Task UnknownName_IsRefusedWithTheNamesThereAre()
    {
        var run = await BenchRun.OfAsync("nothing");

        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Lines);
        Assert.Contains("submit-array", run.Errors, StringComparison.Ordinal);
    }

    private double RatioTo(string bench, string name, string peer)
    {
        var figure = benches.Figures.Single(figure => Text(figure, "bench") == bench && Text(figure, "figure") == name);
        Assert.Equal(peer, Text(figure, "peer"));
        return figure.GetProperty("ratio").GetDouble();
    }
}
