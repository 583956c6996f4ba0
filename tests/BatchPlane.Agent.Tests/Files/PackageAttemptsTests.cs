using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using BatchPlane.Agent.Files;
using BatchPlane.Contracts;
using static BatchPlane.Agent.Tests.AgentHarness;

namespace BatchPlane.Agent.Tests.Files;

/// <summary>Attempts whose program comes in a package.</summary>
public sealed class PackageAttemptsTests
{
    [Fact]
    public async Task Package_BecomesTheWorkingDirectoryAndIsFetchedOnce()
    {
        await using var web = await WebServer.StartAsync(Package("first"));
        await using var agent = await StartAsync(slots: 8);

        agent.Server.Offer(Run($"{web.Url}/p.tgz", "sh run.sh"), count: 8);
        for (var index = 0; index < 8; index++)
        {
            Assert.Equal("first\n", Text(await agent.Server.EndAsync(index)));
        }

        Assert.Equal((1, 7), (web.Bodies, web.Unchanged));
        web.Content = (Package("second"), "\"2\"");
        agent.Server.Offer(Run($"{web.Url}/p.tgz", "sh run.sh"), taskId: 2);
        Assert.Equal("second\n", Text(await agent.Server.EndAsync(taskId: 2)));
        Assert.Single(Directory.EnumerateFiles(Path.Combine(agent.Directory, "packages")));
    }

    [Fact]
    public async Task CacheOverItsSize_LosesWhatWasUsedLongestAgo()
    {
        var package = Package("text");
        await using var web = await WebServer.StartAsync(package);
        await using var agent = await StartAsync(options: (url, directory) => With(url, directory, new() { PackageCacheBytes = (package.Length * 2) + 1 }));

        foreach (var name in (string[])["a", "b", "a", "c", "a", "b"])
        {
            var task = agent.Server.Reports.Count + 1;
            agent.Server.Offer(Run($"{web.Url}/{name}.tgz", "true"), taskId: task);
            Assert.Equal(AttemptOutcome.Exited, (await agent.Server.EndAsync(taskId: task)).Outcome);
        }

        // a, b and c are fetched; a was used after b, so that c took the place of b, which is fetched again.
        Assert.Equal((4, 2), (web.Bodies, web.Unchanged));
    }

    /// <summary>Not after the time to drain, which is longer than the limit here.</summary>
    [Fact]
    public async Task StoppedWhileAPackageIsOnItsWay_TheAttemptIsGivenBackAtOnce()
    {
        await using var web = await WebServer.StartAsync([]);
        await using var agent = await StartAsync();
        agent.Server.Offer(Run($"{web.Url}/silent/p.tgz", "true"));
        await Eventually.ReachAsync(() => web.Silent == 1, agent.Server.Describe);

        await agent.StopAsync();

        Assert.Equal(AttemptOutcome.Returned, (await agent.Server.EndAsync()).Outcome);
        Assert.Equal(NodeAgent.ExitDone, await agent.Run.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(1, agent.Server.Left);
    }

    public static TheoryData<string, string> Bad => new()
    {
        { "/missing/p.tgz", "404" },
        { "/hang/p.tgz", "nothing has come for 1 s" },
        { "/large.tgz", "larger than 200 bytes" },
        { "file", "there is no file" },
        { "pipe", "is no file" },
        { "refused", "refused" },
        { "bomb", "unpacked it is larger than 5000 bytes" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task PackageThatIsNotToBeHad_FailsTheAttemptWithItsReason(string path, string reason)
    {
        await using var web = await WebServer.StartAsync(path == "/large.tgz" ? new byte[201] : Package(new string('0', 10_000)));
        await using var agent = await StartAsync(options: (url, directory) =>
            With(url, directory, new() { StallTimeout = TimeSpan.FromSeconds(1), PackageMaxBytes = path == "/large.tgz" ? 200 : 100_000, PackageMaxUnpackedBytes = 5_000 }));
        var address = path switch
        {
            "file" => $"file://{agent.Directory}/none.tgz",
            "pipe" => $"file://{Pipe(agent.Directory)}",
            "refused" => "http://127.0.0.1:1/p.tgz",
            "bomb" => $"{web.Url}/p.tgz",
            _ => web.Url + path,
        };

        agent.Server.Offer(Run(address, "true"));
        var end = await agent.Server.EndAsync();

        Assert.Equal((AttemptOutcome.PackageFailed, null), (end.Outcome, end.BeganMsAgo));
        Assert.Contains(reason, end.Reason, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(agent.Server.Reports, told => told.Report.Outcome == AttemptOutcome.Running);
    }

    [Fact]
    public async Task TerminatedWhileItsPackageIsFetched_EndsAtOnceAndFreesItsSlot()
    {
        await using var web = await WebServer.StartAsync(Package("x"));
        await using var agent = await StartAsync(slots: 1);

        var claim = agent.Server.Offer(Run($"{web.Url}/hang/p.tgz", "true"));
        await Eventually.ReachAsync(() => agent.Server.Heartbeats.Any(beat => beat.Running == 1), agent.Server.Describe);
        agent.Server.TerminateClaim(claim.ClaimId);

        Assert.Equal(AttemptOutcome.Terminated, (await agent.Server.EndAsync()).Outcome);
        agent.Server.Offer(Shell("echo next"), taskId: 2);
        Assert.Equal("next\n", Text(await agent.Server.EndAsync(taskId: 2)));
    }

    private static string Pipe(string directory)
    {
        var path = Path.Combine(directory, "pipe.tgz");
        System.Diagnostics.Process.Start("mkfifo", path).WaitForExit();
        return path;
    }

    internal static RunSpec Run(string package, string command) => new() { Command = command, Files = new() { PackagePath = package } };

    internal static AgentOptions With(Uri url, string directory, StagingOptions files, ContainerOptions? containers = null) => new()
    {
        ServerUrl = url,
        Directory = directory,
        KeeperCommand = AgentHarness.KeeperCommand,
        JoinToken = FakeServer.JoinToken,
        Slots = 2,
        Files = files,
        Containers = containers ?? new() { Engine = ContainerOptions.NoEngine },
        Limits = new() { Choice = LimitChoice.None },
        // Short outputs are in the report, however slow the machine is.
        OutputInterval = TimeSpan.FromMinutes(1),
        RetryPauseMax = TimeSpan.FromMilliseconds(300),
    };

    internal static string Text(AttemptReport report) => report.Stdout is null ? "" : Encoding.UTF8.GetString(Convert.FromBase64String(report.Stdout));

    /// <summary>An archive with a script that prints a text.</summary>
    private static byte[] Package(string text)
    {
        using var archive = new MemoryStream();
        using (var plain = new GZipStream(archive, CompressionLevel.Optimal))
        using (var tar = new TarWriter(plain))
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "./run.sh") { DataStream = new MemoryStream(Encoding.UTF8.GetBytes("cat text")) });
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "./text") { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text + "\n")) });
        }

        return archive.ToArray();
    }
}
