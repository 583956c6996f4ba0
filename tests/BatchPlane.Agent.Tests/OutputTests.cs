using System.Text;
using static BatchPlane.Agent.Tests.AgentHarness;

namespace BatchPlane.Agent.Tests;

/// <summary>How outputs reach the server.</summary>
public sealed class OutputTests
{
    [Fact]
    public async Task Short_TravelsInTheReport()
    {
        await using var agent = await StartAsync();

        agent.Server.Offer(Shell("echo out; echo err >&2"));
        var end = await agent.Server.EndAsync();

        Assert.Equal("out\n", Encoding.UTF8.GetString(Convert.FromBase64String(end.Stdout!)));
        Assert.Equal("err\n", Encoding.UTF8.GetString(Convert.FromBase64String(end.Stderr!)));
        Assert.Empty(agent.Server.Pieces);
    }

    [Fact]
    public async Task Long_IsUploadedInOrderBeforeTheEnd()
    {
        await using var agent = await StartAsync(
            options: (url, directory) => new AgentOptions { ServerUrl = url, Directory = directory, JoinToken = FakeServer.JoinToken, Slots = 1, OutputPieceBytes = 10_000, KeeperCommand = AgentHarness.KeeperCommand, Limits = new() { Choice = LimitChoice.None } });

        agent.Server.Offer(Shell("seq 1 6000; echo short >&2"));
        var end = await agent.Server.EndAsync();

        Assert.Null(end.Stdout);
        Assert.Equal("short\n", Encoding.UTF8.GetString(Convert.FromBase64String(end.Stderr!)));
        Assert.Equal(string.Concat(Enumerable.Range(1, 6000).Select(i => $"{i}\n")), Encoding.UTF8.GetString(agent.Server.Output("stdout")));
        Assert.Equal([0, 10_000, 20_000], agent.Server.Pieces.Select(piece => piece.Offset));
    }

    [Fact]
    public async Task OverTheLimit_IsCutWithANote()
    {
        await using var agent = await StartAsync(terms: t => t with { MaxOutputBytes = 10_000 });

        agent.Server.Offer(Shell("head -c 50000 /dev/zero | tr '\\0' x"));
        await agent.Server.EndAsync();

        var output = agent.Server.Output("stdout");
        Assert.Equal(10_000, output.Length);
        Assert.EndsWith("xxx\n[batchplane: output cut here, 10000 bytes are kept]\n", Encoding.UTF8.GetString(output), StringComparison.Ordinal);
    }

    [Fact]
    public async Task LongWhileRunning_IsVisibleBeforeTheEnd()
    {
        await using var agent = await StartAsync(options: (url, directory) => Options(url, directory, outputInterval: TimeSpan.FromMilliseconds(200)));

        agent.Server.Offer(Shell($"seq 1 2000; while [ ! -e {agent.Mark("go")} ]; do sleep 0.05; done; echo last"));
        await Eventually.ReachAsync(() => agent.Server.Output("stdout").Length == 8893, () => $"{agent.Server.Output("stdout").Length} bytes");

        Assert.False(agent.Server.HasEnd(0));
        await File.WriteAllTextAsync(agent.Mark("go"), "");
        await agent.Server.EndAsync();
        Assert.EndsWith("2000\nlast\n", Encoding.UTF8.GetString(agent.Server.Output("stdout")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ShortWhileRunning_IsVisibleBeforeTheEndAndNotToldTwice()
    {
        await using var agent = await StartAsync(options: (url, directory) => Options(url, directory, outputInterval: TimeSpan.FromMilliseconds(200)));

        agent.Server.Offer(Shell($"echo step 1; while [ ! -e {agent.Mark("go")} ]; do sleep 0.05; done; echo step 2"));
        await Eventually.ReachAsync(() => agent.Server.Output("stdout").Length > 0, () => "no output");

        Assert.False(agent.Server.HasEnd(0));
        await File.WriteAllTextAsync(agent.Mark("go"), "");
        var end = await agent.Server.EndAsync();
        Assert.Null(end.Stdout);
        Assert.Equal("step 1\nstep 2\n", Encoding.UTF8.GetString(agent.Server.Output("stdout")));
    }

    [Fact]
    public async Task ServerAwayDuringUpload_ArrivesComplete()
    {
        await using var agent = await StartAsync();

        agent.Server.Offer(Shell($"while [ ! -e {agent.Mark("go")} ]; do sleep 0.05; done; seq 1 5000"));
        await agent.Server.BegunAsync();
        agent.Server.Away = true;
        await File.WriteAllTextAsync(agent.Mark("go"), "");
        await Eventually.ReachAsync(() => new DirectoryInfo(agent.Mark("outputs")).EnumerateFiles().Any(file => file.Length > 20_000), () => "no output");
        agent.Server.Away = false;
        await agent.Server.EndAsync();

        Assert.Equal(string.Concat(Enumerable.Range(1, 5000).Select(i => $"{i}\n")), Encoding.UTF8.GetString(agent.Server.Output("stdout")));
    }
}
