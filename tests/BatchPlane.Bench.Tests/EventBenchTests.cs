using static BatchPlane.Bench.Tests.BenchAssert;

namespace BatchPlane.Bench.Tests;

/// <summary>The benchmarks of events and of the façade run and print sane figures.</summary>
public sealed class EventBenchTests(EventBenches benches) : IClassFixture<EventBenches>
{
    [Fact]
    public void All_RunAndLeaveTheirPage() => RanAndLeftTheirPage(benches);

    [Theory]
    [InlineData("dispatch", "rate", false)]
    [InlineData("event-latency", "loaded_p99", false)]
    [InlineData("fan-out", "to_100", true)]
    [InlineData("broker-down", "engine", true)]
    [InlineData("webhooks", "rate", false)]
    [InlineData("tencent", "submit", true)]
    public void Bench_PrintsItsFiguresWithTheHeadlineLast(string bench, string headline, bool isItsOwnPeer) => PrintsItsFigures(benches, bench, headline, isItsOwnPeer);
}
