using System.Text;
using static BatchPlane.Agent.Tests.AgentHarness;

namespace BatchPlane.Agent.Tests;

/// <summary>Commands that truncate their own output: <c>&gt; /dev/stdout</c>, <c>tee /dev/stderr</c>.</summary>
public sealed class TruncatedOutputTests
{
    private const string Note = "\n[batchplane: the command truncated its output here; what it wrote just before may be missing]\n";

    [Theory]
    [InlineData("echo 2 > /dev/stdout; echo three", "2\nthree\n")]
    [InlineData("seq 10 12 > /dev/stdout; echo three", "10\n11\n12\nthree\n")]
    public async Task AfterALook_NothingShippedIsLostAndWhatIsNewComesBehindIt(string command, string added)
    {
        await using var agent = await StartAsync(options: (url, directory) => Options(url, directory, outputInterval: TimeSpan.FromMilliseconds(50)));
        agent.Server.Offer(Shell($"echo first; while [ ! -e {agent.Mark("go")} ]; do sleep 0.02; done; {command}"));
        await ShippedAsync(agent.Server, "first\n");

        await File.WriteAllTextAsync(agent.Mark("go"), "");
        var end = await agent.Server.EndAsync();

        Assert.Equal((0, null), (end.ExitCode, end.Reason));
        Assert.Equal($"first\n{Note}{added}", Encoding.UTF8.GetString(agent.Server.Output("stdout")));
    }

    [Fact]
    public async Task AtTheLimit_IsCutThere()
    {
        await using var agent = await StartAsync(
            options: (url, directory) => Options(url, directory, outputInterval: TimeSpan.FromMilliseconds(50)), terms: terms => terms with { MaxOutputBytes = 150 });
        agent.Server.Offer(Shell($"echo first; while [ ! -e {agent.Mark("go")} ]; do sleep 0.02; done; seq 1 > /dev/stdout; seq 1000"));
        await ShippedAsync(agent.Server, "first\n");

        await File.WriteAllTextAsync(agent.Mark("go"), "");
        await agent.Server.EndAsync();

        var output = Encoding.UTF8.GetString(agent.Server.Output("stdout"));
        Assert.Equal(150, output.Length);
        Assert.StartsWith("first\n" + Note[..80], output, StringComparison.Ordinal);
        Assert.EndsWith("\n[batchplane: output cut here, 150 bytes are kept]\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AgentKilledAfterwards_TheNextOneKnows()
    {
        await using var agent = await AgentUnderTest.StartAsync();
        agent.Server.Offer(Shell($"echo the first of all; while [ ! -e {agent.Mark("go")} ]; do sleep 0.02; done; echo 2 > /dev/stdout; while [ ! -e {agent.Mark("on")} ]; do sleep 0.02; done; echo three"));
        await ShippedAsync(agent.Server, "the first of all\n");
        await File.WriteAllTextAsync(agent.Mark("go"), "");
        await ShippedAsync(agent.Server, $"the first of all\n{Note}2\n");

        await agent.KillAsync();
        await agent.StartAgainAsync();
        await File.WriteAllTextAsync(agent.Mark("on"), "");
        await agent.Server.EndAsync();

        Assert.Equal($"the first of all\n{Note}2\nthree\n", Encoding.UTF8.GetString(agent.Server.Output("stdout")));
    }

    private static Task ShippedAsync(FakeServer server, string text) =>
        Eventually.ReachAsync(() => Encoding.UTF8.GetString(server.Output("stdout")) == text, () => $"{Encoding.UTF8.GetString(server.Output("stdout"))}; {server.Describe()}");
}
