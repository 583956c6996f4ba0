using BatchPlane.Contracts;
using static BatchPlane.Agent.Tests.Containers.ContainerNode;

namespace BatchPlane.Agent.Tests.Containers;

/// <summary>What a command in a container sees, and what the server is told of its end. Each test leaves no container.</summary>
public sealed class ContainerAttemptsTests(ContainerNode node) : IClassFixture<ContainerNode>, IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => Assert.Empty(await node.Podman.ContainersAsync());

    [Fact]
    public async Task Engine_IsToldAtJoin()
    {
        await using var agent = await node.StartAsync();
        await Eventually.ReachAsync(() => !agent.Server.Joins.IsEmpty, agent.Server.Describe);

        Assert.Matches(@"^podman \d+\.\d+", agent.Server.Joins.First().ContainerEngine);
    }

    [Theory]
    [InlineData("true", 0)]
    [InlineData("exit 7", 7)]
    [InlineData("exit 125", 125)]
    [InlineData("no-such-program", 127)]
    public async Task EndsByItself_ReportsExitCode(string command, int exitCode)
    {
        await using var agent = await node.StartAsync();

        agent.Server.Offer(Shell(command));
        var end = await agent.Server.EndAsync();

        Assert.Equal((AttemptOutcome.Exited, exitCode, null), (end.Outcome, end.ExitCode, end.Reason));
        Assert.NotNull(end.BeganMsAgo);
    }

    [Fact]
    public async Task Command_SeesItsDirectoryOutputsVariablesAndProgressFileAndNothingOfTheAgent()
    {
        await using var agent = await node.StartAsync();

        agent.Server.Offer(Shell(
            """
            echo out; echo err >&2
            touch made; ls; [ "$PWD" -ef . ] && echo at $PWD
            echo "$MULTI|$TMPDIR|$BATCH_TASK_INSTANCE_INDEX|$FROM_OPTION"
            echo '50 half' >> $BATCH_PROGRESS_FILE
            """,
            options: "--hostname inside --env 'FROM_OPTION=a b' --user=0",
            variables: [new("MULTI", "a\nb = 'c' \"d\" "), new("TMPDIR", "/x y")]));
        var end = await agent.Server.EndAsync();

        Assert.Equal(AttemptOutcome.Exited, end.Outcome);
        Assert.Equal($"out\nmade\nat {agent.Directory}/attempts/job-00000001/1.0.1\na\nb = 'c' \"d\" |/x y|0|a b\n", Text(end.Stdout));
        Assert.Equal("err\n", Text(end.Stderr));
        Assert.Equal(50, end.Progress?.Percent);
    }

    [Fact]
    public async Task Argv_RunsWithoutShell()
    {
        await using var agent = await node.StartAsync();

        agent.Server.Offer(new RunSpec { Argv = ["cat", "--version", "$HOME"], Docker = new() { Image = PodmanImage } });
        var end = await agent.Server.EndAsync();

        Assert.Equal((AttemptOutcome.Exited, 0), (end.Outcome, end.ExitCode));
        Assert.StartsWith("cat (GNU", Text(end.Stdout), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such-program", "executable file not found")]
    [InlineData("/etc", "permission denied")]
    public async Task ProgramMissingInTheImage_IsNotStartedInTheWordsOfTheEngine(string program, string words)
    {
        await using var agent = await node.StartAsync();

        agent.Server.Offer(new RunSpec { Argv = [program], Docker = new() { Image = PodmanImage } });
        var end = await agent.Server.EndAsync();

        Assert.Equal(AttemptOutcome.StartFailed, end.Outcome);
        Assert.Contains(words, end.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--shm-size=lots", "invalid size")]
    [InlineData("--privileged", "this node does not allow --privileged")]
    [InlineData("-v /:/host", "this node does not allow --volume")]
    [InlineData("--memory-swap=-1", "this node does not allow --memory-swap")]
    [InlineData("--network host", "this node does not allow --network")]
    [InlineData("--no-such-option=1", "this node does not allow --no-such-option")]
    [InlineData("--name mine", "--name is BatchPlane's own")]
    public async Task OptionThatIsBadOrNotAllowed_IsNotStartedAndSaysSo(string options, string words)
    {
        await using var agent = await node.StartAsync();

        agent.Server.Offer(Shell("true", options));
        var end = await agent.Server.EndAsync();

        Assert.Equal(AttemptOutcome.StartFailed, end.Outcome);
        Assert.Contains(words, end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OptionThatTheAgentAllows_IsTaken()
    {
        await using var agent = await node.StartAsync(change: _ => node.Options(allowed: ["volume"]));

        agent.Server.Offer(Shell("cat /given/file", $"-v {agent.Directory}/given:/given:ro"));
        Directory.CreateDirectory(agent.Mark("given"));
        await File.WriteAllTextAsync(agent.Mark("given/file"), "of the node");
        var end = await agent.Server.EndAsync();

        Assert.Equal("of the node", Text(end.Stdout));
    }

    [Fact]
    public async Task Timeout_EndsTheContainerWhateverItsSignals()
    {
        await using var agent = await node.StartAsync();

        agent.Server.Offer(Shell("trap '' TERM; while :; do sleep 0.1; done", timeoutSeconds: 1));
        var end = await agent.Server.EndAsync();

        Assert.Equal(AttemptOutcome.Timeout, end.Outcome);
        Assert.Empty(await node.Podman.ContainersAsync());
    }

    [Fact]
    public async Task Terminated_IsAskedToEndFirst()
    {
        await using var agent = await node.StartAsync(terms: terms => terms with { KillGraceSeconds = 60 });

        agent.Server.Offer(Shell("trap 'echo asked; exit 3' TERM; echo ready > began; while :; do sleep 0.1; done"));
        var began = agent.Mark("attempts/job-00000001/1.0.1/began");
        await Eventually.ReachAsync(() => File.Exists(began), agent.Server.Describe);
        agent.Server.Terminate("job-00000001");
        var end = await agent.Server.EndAsync();

        Assert.Equal(AttemptOutcome.Terminated, end.Outcome);
        Assert.Equal("asked\n", Text(end.Stdout));
    }

    [Fact]
    public async Task NodeGivenUp_KillsTheContainerAtOnce()
    {
        await using var agent = await node.StartAsync();
        agent.Server.Offer(Shell("sleep 300"));
        await agent.Server.BegunAsync();
        Assert.Single(await node.Podman.ContainersAsync());

        agent.Server.Fence();

        await Eventually.ReachAsync(() => agent.Server.Joins.Count == 2, agent.Server.Describe);
        Assert.Empty(await node.Podman.ContainersAsync());
    }

    [Fact]
    public async Task LimitsOfMemoryAndProcesses_HoldInTheContainer()
    {
        await using var agent = await node.StartAsync();

        agent.Server.Offer(Shell("tail /dev/zero; sleep 1.5; exit 3") with { Resources = new() { MemoryMib = 32, Cpu = 0.5m } });
        agent.Server.Offer(Shell("n=0; while [ $n -lt 40 ]; do sleep 2 & n=$((n+1)); done 2>/dev/null; echo all") with { Resources = new() { MemoryMib = 64 } }, taskId: 2);
        var memory = await agent.Server.EndAsync();

        // The shell goes on when its child was killed; its control group tells all the same.
        Assert.Equal((AttemptOutcome.OutOfMemory, 3), (memory.Outcome, memory.ExitCode));
        Assert.Equal("a process of it was killed because all together needed more than its memory of 32 MiB", memory.Reason);
        Assert.InRange(memory.Usage!.PeakMemoryKib, 24 * 1024, 32 * 1024);
        Assert.Equal(0, (await agent.Server.EndAsync(taskId: 2)).ExitCode);
    }

    [Fact]
    public async Task EightAtOnce_EachHasItsOwnOutput()
    {
        await using var agent = await node.StartAsync(slots: 8);

        agent.Server.Offer(Shell("echo $BATCH_TASK_INSTANCE_INDEX > index; sleep 0.3; cat index"), count: 16);

        for (var index = 0; index < 16; index++)
        {
            var end = await agent.Server.EndAsync(index);
            Assert.Equal((AttemptOutcome.Exited, 0, $"{index}\n"), (end.Outcome, end.ExitCode, Text(end.Stdout)));
        }
    }

    /// <summary>The control is the same command as a process: the engine's program uses much less of a processor than this one, and less memory.</summary>
    [Fact]
    public async Task Usage_IsThatOfTheContainer()
    {
        await using var agent = await node.StartAsync();
        var run = Shell("head -c 64M /dev/zero | tail > /dev/null; n=0; while [ $n -lt 700000 ]; do n=$((n+1)); done");

        agent.Server.Offer(run);
        var box = (await agent.Server.EndAsync()).Usage;
        agent.Server.Offer(run with { Docker = null }, taskId: 2);
        var process = (await agent.Server.EndAsync(taskId: 2)).Usage;

        Assert.InRange(box!.CpuMs, process!.CpuMs * 0.5, process.CpuMs * 2);
        Assert.InRange(box.PeakMemoryKib, 64 * 1024, 128 * 1024);
    }

    [Fact]
    public async Task NoEngine_IsToldAndNothingIsStarted()
    {
        await using var agent = await node.StartAsync(change: _ => new ContainerOptions { Engine = "none" });

        agent.Server.Offer(Shell("true"));
        var end = await agent.Server.EndAsync();

        Assert.Null(agent.Server.Joins.First().ContainerEngine);
        Assert.Equal((AttemptOutcome.StartFailed, "this node has no container engine"), (end.Outcome, end.Reason));
    }

    private const string PodmanImage = Testing.PodmanSandbox.Image;
}
