using BatchPlane.Contracts;
using BatchPlane.Testing;
using static BatchPlane.Agent.Tests.Containers.ContainerNode;
using static BatchPlane.Agent.Tests.Files.PackageAttemptsTests;

namespace BatchPlane.Agent.Tests.Containers;

/// <summary>Containers that do not run as root: whatever the image or the task says, the attempt's own files are that user's, and the agent handles what it leaves.</summary>
public sealed class ContainerUserTests(ContainerNode node) : IClassFixture<ContainerNode>, IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("batchplane-users-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task UserOfTheImage_WritesItsDirectoryAndItsProgress()
    {
        var image = await node.Podman.ImportAsync("localhost/batchplane-user:1", $"USER {PodmanSandbox.User}");

        await AssertWritesAsync(node.Options(), image, options: null, "1000");
    }

    [Fact]
    public async Task UserOfTheTask_WritesThemAsWell() => await AssertWritesAsync(node.Options(), PodmanSandbox.Image, "--user 1234:5678", "1234");

    /// <summary>Podman behind a program that says it is docker, which does not give files to users by itself.</summary>
    [Theory]
    [InlineData("name=seccomp,profile=builtin", "--user " + PodmanSandbox.User, "1000")]
    [InlineData("name=seccomp,profile=builtin name=userns", "--user 1234", "1234")]
    public async Task Docker_UserWritesThemToo(string security, string options, string number) => await AssertWritesAsync(await DockerAsync(security), PodmanSandbox.Image, options, number);

    private async Task AssertWritesAsync(ContainerOptions engine, string image, string? options, string number)
    {
        var (source, results) = (Directory.CreateDirectory($"{_root}/source").FullName, $"{_root}/results");
        await File.WriteAllTextAsync($"{source}/file", "given");
        await using var agent = await AgentHarness.StartAsync(options: (url, directory) => With(url, directory, new() { Roots = _root }, engine));

        agent.Server.Offer(Shell("id -u; cat in/file; echo more >> in/file && mkdir -p out/deep && echo made > out/deep/file && echo 50 half >> $BATCH_PROGRESS_FILE && cat in/file > out/copy", options, image) with
        {
            Files = new() { InputMappings = [new($"file://{source}/", "in/")], OutputMappings = [new("out/", $"file://{results}/")] },
        });
        var end = await agent.Server.EndAsync();

        Assert.True(end is { Outcome: AttemptOutcome.Exited, ExitCode: 0 }, $"{end.Reason} {Text(end.Stderr)}");
        Assert.Equal($"{number}\ngiven", Text(end.Stdout));
        Assert.Equal(50, end.Progress?.Percent);
        Assert.Equal("givenmore\n", await File.ReadAllTextAsync($"{results}/copy"));
        await Eventually.ReachAsync(() => !Directory.Exists(agent.Mark("attempts/job-00000001")), () => "the working directory is there");
    }

    private async Task<ContainerOptions> DockerAsync(string security)
    {
        var program = Path.Combine(_root, "docker");
        await File.WriteAllTextAsync(program, $"""
            #!/bin/sh
            case " $* " in
            *" --version "*) echo "Docker version 24.0.7" ;;
            *" info "*) echo "24.0.7 [{security}]" ;;
            *) exec podman "$@" ;;
            esac
            """);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return new() { Engine = program, EngineArguments = node.Podman.EngineArguments, RunArguments = PodmanSandbox.RunArguments };
    }
}
