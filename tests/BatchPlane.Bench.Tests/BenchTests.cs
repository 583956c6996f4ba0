using System.Text.Json;

namespace BatchPlane.Bench.Tests;

/// <summary>The benchmarks run and print sane figures; how fast anything is, is not tested.</summary>
public sealed class BenchTests(QuickBenches benches) : IClassFixture<QuickBenches>
{
    private static readonly string[] Keys = ["bench", "figure", "value", "unit", "peer", "peer_value", "ratio"];

    [Fact]
    public void All_RunAndLeaveTheirPage()
    {
        Assert.True(benches.Run.ExitCode == 0, benches.Run.Errors);

        var page = File.ReadAllText(benches.ResultsFile);
        Assert.All(benches.Figures, figure => Assert.Contains($"| {Text(figure, "bench")} | {Text(figure, "figure")} |", page, StringComparison.Ordinal));
        Assert.Contains("| instances | rate |", page.Split("What else was measured")[0], StringComparison.Ordinal);
        Assert.DoesNotContain("/tmp", page, StringComparison.Ordinal);
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
    [InlineData("dispatch", "rate", false)]
    [InlineData("event-latency", "loaded_p99", false)]
    [InlineData("fan-out", "to_100", true)]
    [InlineData("broker-down", "engine", true)]
    [InlineData("wal", "wal", false)]
    [InlineData("two-servers", "rate", true)]
    [InlineData("webhooks", "rate", false)]
    [InlineData("tencent", "submit", true)]
    public void Bench_PrintsItsFiguresWithTheHeadlineLast(string bench, string headline, bool isItsOwnPeer)
    {
        var figures = benches.Figures.Where(figure => Text(figure, "bench") == bench).ToArray();

        Assert.NotEmpty(figures);
        Assert.All(figures, figure => Assert.Equal(Keys, figure.EnumerateObject().Select(property => property.Name)));
        Assert.All(figures, figure => Assert.NotEqual("", Text(figure, "unit")));
        Assert.All(figures, figure => Assert.True(figure.GetProperty("value").GetDouble() >= 0, figure.ToString()));
        Assert.Equal(headline, Text(figures[^1], "figure"));
        Assert.True(!isItsOwnPeer || figures[^1].GetProperty("ratio").GetDouble() > 0, figures[^1].ToString());
    }

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

    private static string? Text(JsonElement figure, string name) => figure.GetProperty(name).GetString();

    private double RatioTo(string bench, string name, string peer)
    {
        var figure = benches.Figures.Single(figure => Text(figure, "bench") == bench && Text(figure, "figure") == name);
        Assert.Equal(peer, Text(figure, "peer"));
        return figure.GetProperty("ratio").GetDouble();
    }
}
