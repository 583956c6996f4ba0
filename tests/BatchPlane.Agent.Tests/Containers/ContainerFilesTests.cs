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

    private Task<AgentHarness> StartAsync() => AgentHarness.StartAsync(options: (url, directory) => With(url, directory, new() { Roots = Root }, node.Options()));
}
