using System.Diagnostics;
using System.Text;
using BatchPlane.Contracts;
using static BatchPlane.Agent.Tests.AgentHarness;

namespace BatchPlane.Agent.Tests;

/// <summary>What a command sees, and what the server is told of its end.</summary>
public sealed class ProcessAttemptsTests
{
    [Theory]
    [InlineData("true", 0)]
    [InlineData("exit 1", 1)]
    [InlineData("exit 255", 255)]
    public async Task EndsByItself_ReportsExitCodeAndTimes(string command, int exitCode)
    {
        await using var agent = await StartAsync();

        agent.Server.Offer(Shell(command));
        var end = await agent.Server.EndAsync();

        Assert.Equal(AttemptOutcome.Exited, end.Outcome);
        Assert.Equal(exitCode, end.ExitCode);
        Assert.True(end.BeganMsAgo >= end.EndedMsAgo && end.EndedMsAgo >= 0, $"{end}");
        Assert.Null(end.Stdout);
        Assert.Null(end.Stderr);
    }

    [Fact]
    public async Task KilledByOthers_ReportsSignal()
    {
        await using var agent = await StartAsync();

        agent.Server.Offer(Shell("kill -SEGV $$"));
        var end = await agent.Server.EndAsync();

        Assert.Equal(AttemptOutcome.Signaled, end.Outcome);
        Assert.Equal(11, end.Signal);
        Assert.Null(end.ExitCode);
    }

    [Fact]
    public async Task IgnoresTermAfterTimeout_IsKilled()
    {
        await using var agent = await StartAsync();

        agent.Server.Offer(Shell($"trap '' TERM; echo $$ > {agent.Mark("pid")}; while :; do sleep 1; done", timeoutSeconds: 1));
        var end = await agent.Server.EndAsync();

        Assert.Equal(AttemptOutcome.Timeout, end.Outcome);
        Assert.Contains("timeout of 1 s", end.Reason, StringComparison.Ordinal);
        await agent.GoneAsync("pid");
    }

    [Fact]
    public async Task EndsOnTermAfterTimeout_ReportsTimeout()
    {
        await using var agent = await StartAsync(terms: t => t with { KillGraceSeconds = 60 });

        agent.Server.Offer(Shell("trap 'exit 0' TERM; while :; do sleep 0.05; done", timeoutSeconds: 1));
        var end = await agent.Server.EndAsync();

        Assert.Equal(AttemptOutcome.Timeout, end.Outcome);
        Assert.Null(end.ExitCode);
    }

    [Fact]
    public async Task LeavesChildrenBehind_TheyAreKilledWithIt()
    {
        await using var agent = await StartAsync();

        agent.Server.Offer(Shell($"sleep 300 & echo $! > {agent.Mark("pid")}; exit 3"));
        var end = await agent.Server.EndAsync();

        Assert.Equal(3, end.ExitCode);
        await agent.GoneAsync("pid");
    }

    [Fact]
    public async Task Environment_IsTheSystemsOverTheTasksOverAFewOfTheAgents()
    {
        Environment.SetEnvironmentVariable("BATCHPLANE_TEST_SECRET", "do not pass on");
        await using var agent = await StartAsync();

        agent.Server.Offer(Shell("env; pwd; ls -A | wc -l", variables: [new("GREETING", "hällo = x"), new("BATCH_ATTEMPT", "77")]), count: 5, taskId: 9, attempt: 3, first: 4);
        var end = await agent.Server.EndAsync(index: 4, taskId: 9, attempt: 3);
        var lines = Encoding.UTF8.GetString(Convert.FromBase64String(end.Stdout!)).Split('\n');

        Assert.Contains("GREETING=hällo = x", lines);
        Assert.Contains("BATCH_JOB_ID=job-00000001", lines);
        Assert.Contains("BATCH_TASK_NAME=task9", lines);
        Assert.Contains("BATCH_TASK_INSTANCE_NUM=5", lines);
        Assert.Contains("BATCH_TASK_INSTANCE_INDEX=4", lines);
        Assert.Contains("BATCH_ATTEMPT=3", lines);
        Assert.Contains(lines, line => line.StartsWith("PATH=", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains("SECRET", StringComparison.Ordinal) || line.StartsWith("DOTNET_", StringComparison.Ordinal));
        Assert.Contains($"{agent.Directory}/attempts/job-00000001/9.4.3", lines);
        Assert.Equal("0", lines[^2]);
    }

    [Fact]
    public async Task Argv_RunsWithoutShell()
    {
        await using var agent = await StartAsync();

        agent.Server.Offer(Argv("printf", "%s|", "a b", "$HOME", ""));
        var end = await agent.Server.EndAsync();

        Assert.Equal("a b|$HOME||", Encoding.UTF8.GetString(Convert.FromBase64String(end.Stdout!)));
    }

    // Without a shell, which blocks signals and opens pipes for moments of its own. The C library keeps signals 32 and 33 for its threads and has
    // every spawned program begin with them ignored; ls holds the directory that it lists.
    [Theory]
    [InlineData("^SigBlk:\t0{16}\nSigIgn:\t0{7}(00|18)0{7}\n$", "grep", "-E", "Sig(Blk|Ign)", "/proc/self/status")]
    [InlineData("^([0-9]+) \\1 \\1\n$", "cut", "-d ", "-f1,5,6", "/proc/self/stat")]
    [InlineData("^/dev/null\n$", "readlink", "/proc/self/fd/0")]
    [InlineData("^0\n1\n2\n3\n$", "ls", "/proc/self/fd")]
    public async Task Process_HasAnOwnSessionDefaultSignalsAndNoFileOfTheAgent(string expected, params string[] argv)
    {
        await using var agent = await StartAsync();

        agent.Server.Offer(Argv(argv));
        var end = await agent.Server.EndAsync();

        Assert.Matches(expected, Encoding.UTF8.GetString(Convert.FromBase64String(end.Stdout!)));
    }

    [Theory]
    [InlineData("no-such-program", "no such program on PATH")]
    [InlineData("/no/such/program", "No such file or directory (ENOENT)")]
    [InlineData("/etc/passwd", "Permission denied (EACCES)")]
    [InlineData("/etc", "it is a directory")]
    [InlineData("./relative", "No such file or directory (ENOENT)")]
    [InlineData("", "no such program on PATH")]
    public async Task CannotStart_SaysWhy(string program, string reason)
    {
        await using var agent = await StartAsync();

        agent.Server.Offer(Argv(program));
        var end = await agent.Server.EndAsync();

        Assert.Equal(AttemptOutcome.StartFailed, end.Outcome);
        Assert.Contains(reason, end.Reason, StringComparison.Ordinal);
        Assert.Null(end.BeganMsAgo);
        await Eventually.ReachAsync(() => !Directory.Exists(Path.Combine(agent.Directory, "attempts", "job-00000001")), () => "the directory is still there");
    }

    [Fact]
    public async Task InterpreterMissing_SaysSo()
    {
        await using var agent = await StartAsync();
        var script = agent.Mark("script");
        await File.WriteAllTextAsync(script, "#!/no/such/interpreter\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        agent.Server.Offer(Argv(script));
        var end = await agent.Server.EndAsync();

        Assert.Contains("interpreter", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProgramOnTheTasksPath_IsFound()
    {
        await using var agent = await StartAsync();
        Directory.CreateDirectory(agent.Mark("bin"));
        var script = agent.Mark("bin/only-here");
        await File.WriteAllTextAsync(script, "#!/bin/sh\nexit 7\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        agent.Server.Offer(Argv("only-here") with { EnvVars = [new("PATH", agent.Mark("bin") + ":/bin")] });
        var end = await agent.Server.EndAsync();

        Assert.Equal(7, end.ExitCode);
    }

    [Fact]
    public async Task ManagedProcessesBesideIt_BothSeeTheirExits()
    {
        await using var agent = await StartAsync(slots: 4);

        agent.Server.Offer(Shell("exit 5"), count: 100);
        for (var i = 0; i < 20; i++)
        {
            using var managed = Process.Start("/bin/sh", ["-c", "exit 9"]);
            await managed.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
            Assert.Equal(9, managed.ExitCode);
        }

        await Eventually.ReachAsync(() => agent.Server.EndCount() == 100, agent.Server.Describe);
        Assert.All(agent.Server.Reports, r => Assert.True(r.Report.Outcome == AttemptOutcome.Running || r.Report.ExitCode == 5, $"{r}"));
    }

    [Fact]
    public async Task FiveHundredShortOnes_EndAndLeaveNothing()
    {
        await using var agent = await StartAsync(slots: 8);

        agent.Server.Offer(Argv("/bin/true"), count: 500);
        await Eventually.ReachAsync(() => agent.Server.EndCount() == 500, agent.Server.Describe);

        Assert.All(agent.Server.Reports, r => Assert.True(r.Report.Outcome == AttemptOutcome.Running || r.Report.ExitCode == 0, $"{r}"));
        Assert.Equal(500, agent.Server.Reports.Count(r => r.Report.Outcome != AttemptOutcome.Running));
        Assert.InRange(agent.Server.ReportSizes.Count, 1, 400);
        await Eventually.ReachAsync(
            () => Directory.GetFileSystemEntries(agent.Mark("attempts")).Length == 0, () => string.Join(' ', Directory.GetFileSystemEntries(agent.Mark("attempts"), "*", SearchOption.AllDirectories)));
    }

    [Fact]
    public async Task FailsWithKeptDirectory_ItStays()
    {
        await using var agent = await StartAsync();

        agent.Server.Offer(Shell("echo x > left; exit 1", keep: true));
        agent.Server.Offer(Shell("echo x > left", keep: true), taskId: 2);
        await agent.Server.EndAsync();
        await agent.Server.EndAsync(taskId: 2);

        var job = Path.Combine(agent.Directory, "attempts", "job-00000001");
        await Eventually.ReachAsync(() => !Directory.Exists($"{job}/2.0.1"), () => "the directory of the good one is still there");
        Assert.True(File.Exists($"{job}/1.0.1/left"));
    }

    /// <summary>More than one question's worth; and only what is released goes.</summary>
    [Fact]
    public async Task KeptDirectory_GoesWhenItIsReleased()
    {
        await using var agent = await StartAsync();
        agent.Server.Offer(Shell("mkdir -p deep/er; echo x > deep/er/left; exit 1", keep: true), count: 5);
        for (var index = 0; index < 5; index++)
        {
            await agent.Server.EndAsync(index);
        }

        var job = Path.Combine(agent.Directory, "attempts", "job-00000001");
        bool IsKept(int index) => File.Exists($"{job}/1.{index}.1/deep/er/left") && File.Exists($"{job}/1.{index}.1.kept");
        agent.Server.Released[new("job-00000001", 1, 3, 1)] = true;
        await Eventually.ReachAsync(() => !Directory.Exists($"{job}/1.3.1") && !File.Exists($"{job}/1.3.1.kept"), () => "the released one is still there");
        Assert.True(IsKept(0) && IsKept(1) && IsKept(2) && IsKept(4));
        Assert.All(agent.Server.AskedAbout, asked => Assert.InRange(asked.Count, 1, 2));

        foreach (var index in (int[])[0, 1, 2, 4])
        {
            agent.Server.Released[new("job-00000001", 1, index, 1)] = true;
        }

        await Eventually.ReachAsync(() => !Directory.Exists(job), () => "the job's directory is still there");
    }
}
