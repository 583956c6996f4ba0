using BatchPlane.Contracts;
using static BatchPlane.Agent.Tests.AgentHarness;
using static BatchPlane.Agent.Tests.Files.PackageAttemptsTests;

namespace BatchPlane.Agent.Tests.Files;

/// <summary>Directories of the node that mappings read and write: nothing but what the task names, and nothing half.</summary>
public sealed class NodeDirectoryTests : IDisposable
{
    private readonly string _place = Directory.CreateTempSubdirectory("batchplane-node-").FullName;

    public NodeDirectoryTests() => Write("secret/deep/key", "secret");

    private string Out => Path.Combine(_place, "out");

    public void Dispose() => Directory.Delete(_place, recursive: true);

    [Theory]
    [InlineData("ln -s $SECRET out", "out/")]
    [InlineData("ln -s $SECRET up", "up/deep/")]
    [InlineData("mkdir out && ln -s $SECRET/deep out/in", "out/")]
    [InlineData("mkdir out && ln -s $SECRET/deep/key out/key", "out")]
    public async Task LinkThatACommandMade_LeadsTheAgentNowhere(string command, string source)
    {
        await using var agent = await StartAsync();

        agent.Server.Offer(new RunSpec { Command = $"SECRET={_place}/secret; {command}", Files = new() { OutputMappings = [new(source, $"file://{Out}/")] } });
        var end = await agent.Server.EndAsync();

        Assert.Equal((AttemptOutcome.OutputFailed, 0), (end.Outcome, end.ExitCode));
        Assert.Contains("is a symbolic link", end.Reason, StringComparison.Ordinal);
        Assert.Empty(FilesBelow(Out));
    }

    [Fact]
    public async Task LinkInADestination_IsNotWrittenThrough()
    {
        Directory.CreateDirectory(Out);
        File.CreateSymbolicLink(Path.Combine(Out, "deep"), Path.Combine(_place, "secret/deep"));
        File.CreateSymbolicLink(Path.Combine(Out, "file"), Path.Combine(_place, "secret/deep/key"));
        await using var agent = await StartAsync();

        agent.Server.Offer(Stores("mkdir -p out/deep && echo mine >out/deep/key"));
        agent.Server.Offer(Stores("mkdir -p out && echo mine >out/file"), taskId: 2);

        Assert.Contains("is a symbolic link", (await agent.Server.EndAsync()).Reason, StringComparison.Ordinal);
        // A link is replaced as a file is.
        Assert.Equal(AttemptOutcome.Exited, (await agent.Server.EndAsync(taskId: 2)).Outcome);
        Assert.Equal("mine\n", await File.ReadAllTextAsync(Path.Combine(Out, "file")));
        Assert.Equal("secret", await File.ReadAllTextAsync(Path.Combine(_place, "secret/deep/key")));
    }

    public static TheoryData<string> Named => new("package", "input", "input destination", "output", "output source", "redirect", "local redirect");

    [Theory]
    [MemberData(nameof(Named))]
    public async Task DirectoryOutsideOfTheRoots_IsRefusedToAContainer(string what)
    {
        await using var agent = await StartAsync(options: (url, directory) => With(url, directory, new() { Roots = $"{_place}/allowed:{_place}/too" }));
        FileSpec Files(string path) => what switch
        {
            "package" => new() { PackagePath = $"file://{path}/p.tgz" },
            "input" => new() { InputMappings = [new($"file://{path}/", "in")] },
            "input destination" => new() { InputMappings = [new($"file://{_place}/allowed/", path)] },
            "output" => new() { OutputMappings = [new("out", $"file://{path}/")] },
            "output source" => new() { OutputMappings = [new(path, $"file://{_place}/allowed/", new(OutputWorkspace.GlobalWorkspace))] },
            "redirect" => new() { RedirectInfo = new() { StderrRedirectPath = $"file://{path}/" } },
            _ => new() { RedirectLocalInfo = new() { StdoutLocalPath = path } },
        };

        agent.Server.Offer(new RunSpec { Command = "true", Docker = new() { Image = "none" }, Files = Files($"{_place}/secret") });
        agent.Server.Offer(new RunSpec { Command = "true", Docker = new() { Image = "none" }, Files = Files($"{_place}/allowed-not") }, taskId: 2);
        agent.Server.Offer(new RunSpec { Command = "true", Docker = new() { Image = "none" }, Files = Files($"{_place}/too/deep") }, taskId: 3);

        foreach (var (task, isRefused) in ((int, bool)[])[(1, true), (2, true), (3, false)])
        {
            // What is allowed fails as well, but later: there is no package or no engine.
            var end = await agent.Server.EndAsync(taskId: task);
            Assert.Equal(isRefused, end is { Outcome: AttemptOutcome.StartFailed } && end.Reason!.Contains("BATCHPLANE_FILES__ROOTS", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task DirectoryOutsideOfTheRoots_IsRefusedToAnotherUser()
    {
        await using var agent = await StartAsync(options: (url, directory) => With(url, directory, new() { Roots = $"{_place}/allowed" }));
        Write("secret/key", "x");

        agent.Server.Offer(new RunSpec { Command = "true", RunAsUser = "nobody", Files = new() { InputMappings = [new($"file://{_place}/secret/", "in")] } });
        var end = await agent.Server.EndAsync();

        Assert.Equal(AttemptOutcome.StartFailed, end.Outcome);
        Assert.Contains("BATCHPLANE_FILES__ROOTS", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DestinationBelowItsSourceByALink_IsRefused()
    {
        Write("data/file", "x");
        File.CreateSymbolicLink(Path.Combine(_place, "alias"), Path.Combine(_place, "data"));
        await using var agent = await StartAsync();

        agent.Server.Offer(new RunSpec { Command = "true", Files = new() { OutputMappings = [new($"{_place}/data", $"file://{_place}/alias/copies/", new(OutputWorkspace.GlobalWorkspace))] } });
        agent.Server.Offer(new RunSpec { Command = "true", Files = new() { InputMappings = [new($"file://{_place}/data/", $"{_place}/alias")] } }, taskId: 2);

        Assert.Contains("is the source or lies below it", (await agent.Server.EndAsync()).Reason, StringComparison.Ordinal);
        Assert.Contains("is the source or lies below it", (await agent.Server.EndAsync(taskId: 2)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HalfCopies_AreNoFilesAndAreRemovedWhenOld()
    {
        var name = new string('n', 255);
        var old = Write("out/.batchplane-0123456789abcdef", "half");
        var young = Write("out/.batchplane-0123456789abcde0", "half");
        var similar = Write("out/.batchplane-0123", "whole");
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-2));
        File.SetLastWriteTimeUtc(similar, DateTime.UtcNow.AddHours(-2));
        await using var agent = await StartAsync();

        agent.Server.Offer(new RunSpec { Command = "ls -A in", Files = new() { InputMappings = [new($"file://{Out}/", "in")] } });
        Assert.Equal(".batchplane-0123\n", Text(await agent.Server.EndAsync()));
        agent.Server.Offer(Stores($"mkdir out && echo x >out/{name}"), taskId: 2);
        var end = await agent.Server.EndAsync(taskId: 2);

        Assert.True(end.Outcome == AttemptOutcome.Exited, end.Reason);
        Assert.Equal([similar, young, Path.Combine(Out, name)], FilesBelow(Out).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task DirectoriesBelowEachOtherWithoutEnd_AreRefused()
    {
        await using var agent = await StartAsync();

        agent.Server.Offer(Stores($"mkdir -p out/{string.Concat(Enumerable.Repeat("d/", 101))}"));

        Assert.Contains("lies too deep", (await agent.Server.EndAsync()).Reason, StringComparison.Ordinal);
    }

    private RunSpec Stores(string command) => new() { Command = command, Files = new() { OutputMappings = [new("out", $"file://{Out}/")] } };

    private string Write(string name, string text)
    {
        var path = Path.Combine(_place, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    private static string[] FilesBelow(string directory) => Directory.Exists(directory) ? Directory.GetFiles(directory, "*", new EnumerationOptions { AttributesToSkip = 0, RecurseSubdirectories = true }) : [];
}
