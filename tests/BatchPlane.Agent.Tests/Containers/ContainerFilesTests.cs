using BatchPlane.Contracts;
using static BatchPlane.Agent.Tests.Containers.ContainerNode;
using static BatchPlane.Agent.Tests.Files.PackageAttemptsTests;

namespace BatchPlane.Agent.Tests.Containers;

/// <summary>What containers get of the node's files through the agent: what lies below its roots, and nothing else.</summary>
public sealed class ContainerFilesTests(ContainerNode node) : IClassFixture<ContainerNode>, IDisposable
{
    private readonly string _place = Directory.CreateTempSubdirectory("batchplane-roots-").FullName;

    private string Root => Directory.CreateDirectory(Path.Combine(_place, "root")).FullName;

    public void Dispose() => Directory.Delete(_place, recursive: true);

    [Fact]
    public async Task Files_GoThroughAContainerBelowTheRoots()
    {
        Directory.CreateDirectory(Path.Combine(Root, "in"));
        await File.WriteAllTextAsync(Path.Combine(Root, "in/a"), "hello");
        await using var agent = await StartAsync();

        agent.Server.Offer(Shell("mkdir out && cat in/a in/a >out/a") with
        {
            Files = new() { InputMappings = [new($"file://{Root}/in/", "in")], OutputMappings = [new("out", $"file://{Root}/made/out/")] },
        });
        var end = await agent.Server.EndAsync();

        Assert.True(end is { Outcome: AttemptOutcome.Exited, ExitCode: 0 }, end.Reason);
        Assert.Equal("hellohello", await File.ReadAllTextAsync(Path.Combine(Root, "made/out/a")));
    }

    [Fact]
    public async Task Links_LeadOutOfNeitherTheWorkingDirectoryNorTheRoots()
    {
        await File.WriteAllTextAsync(Path.Combine(_place, "secret"), "secret");
        File.CreateSymbolicLink(Path.Combine(Root, "out"), _place);
        await using var agent = await StartAsync();

        agent.Server.Offer(Shell($"ln -s {_place} out") with { Files = new() { OutputMappings = [new("out/", $"file://{Root}/copies/")] } });
        agent.Server.Offer(Shell("cat in/secret") with { Files = new() { InputMappings = [new($"file://{Root}/out/", "in")] } }, taskId: 2);

        var (stored, fetched) = (await agent.Server.EndAsync(), await agent.Server.EndAsync(taskId: 2));
        Assert.Equal((AttemptOutcome.OutputFailed, AttemptOutcome.InputFailed), (stored.Outcome, fetched.Outcome));
        Assert.Contains("is a symbolic link", stored.Reason, StringComparison.Ordinal);
        Assert.Contains("is a symbolic link", fetched.Reason, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(Root, "copies")));
    }

    [Fact]
    public async Task DirectoriesOfMappings_AreMounted()
    {
        await using var agent = await StartAsync();
        var (source, input, output, results) = ($"{Root}/source", $"{Root}/shared in", $"{Root}/shared-out", $"{Root}/results");
        Directory.CreateDirectory(source);
        await File.WriteAllTextAsync($"{source}/data", "from the node");
        var mapped = Shell($"cat '{input}/data' > {output}/copy; touch '{input}/new' 2>/dev/null && exit 9; exit 7") with
        {
            Files = new()
            {
                InputMappings = [new($"file://{source}/", input + "/")],
                OutputMappings = [new(output + "/", $"file://{results}/", new(OutputWorkspace.GlobalWorkspace))],
            },
        };

        agent.Server.Offer(mapped);
        agent.Server.Offer(mapped with { Files = mapped.Files! with { InputMappings = [new($"file://{source}/", $"{Root}/a:b/")] } }, taskId: 2);

        Assert.Equal(7, (await agent.Server.EndAsync()).ExitCode);
        Assert.Equal("from the node", await File.ReadAllTextAsync($"{results}/copy"));
        var refused = await agent.Server.EndAsync(taskId: 2);
        Assert.Equal(AttemptOutcome.StartFailed, refused.Outcome);
        Assert.Contains("a:b has a colon", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LinkBelowARoot_IsNotMounted()
    {
        Directory.CreateDirectory($"{_place}/secret");
        await using var agent = await StartAsync();
        RunSpec Stored(string command, string source) => Shell(command) with
        {
            Files = new() { OutputMappings = [new(source, $"file://{Root}/results/", new(OutputWorkspace.GlobalWorkspace))] },
        };

        agent.Server.Offer(Stored($"ln -s {_place}/secret {Root}/shared/link", $"{Root}/shared/"));
        await agent.Server.EndAsync();
        agent.Server.Offer(Stored($"touch {Root}/shared/link/x {_place}/secret/x", $"{Root}/shared/link/"), taskId: 2);
        var end = await agent.Server.EndAsync(taskId: 2);

        // The control: the first one could make the link.
        Assert.NotNull(new FileInfo($"{Root}/shared/link").LinkTarget);
        Assert.Equal(AttemptOutcome.StartFailed, end.Outcome);
        Assert.Contains("is a symbolic link", end.Reason, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles($"{_place}/secret"));
    }

    private Task<AgentHarness> StartAsync() => AgentHarness.StartAsync(options: (url, directory) => With(url, directory, new() { Roots = Root }, node.Options()));
}
