using BatchPlane.Contracts;

namespace BatchPlane.Agent.Tests.Containers;

/// <summary>How an image comes to the node, from a registry that asks for a login, and what is said when it does not.</summary>
public sealed class ImagePullTests : IClassFixture<ContainerNode>, IAsyncLifetime
{
    private readonly ContainerNode _node;
    private PrivateRegistry _registry = null!;

    public ImagePullTests(ContainerNode node) => _node = node;

    public async Task InitializeAsync() => _registry = await PrivateRegistry.StartAsync(_node.Podman);

    public async Task DisposeAsync()
    {
        await _registry.DisposeAsync();
        Assert.Empty(await _node.Podman.ContainersAsync());
    }

    [Fact]
    public async Task MissingImage_IsPulledOnceForAllWithALoginThatNobodySees()
    {
        var gate = new TaskCompletionSource();
        _registry.Gate = gate.Task;
        await using var agent = await _node.StartAsync(slots: 4);

        agent.Server.Offer(Pull(PrivateRegistry.Password, "echo here"), count: 4);
        await Eventually.ReachAsync(() => _registry.Asked > 0, agent.Server.Describe);
        var login = Assert.Single(Directory.GetFiles(agent.Mark("logins"), "*", SearchOption.AllDirectories));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(login));
        Assert.Empty(agent.Server.Reports);
        gate.SetResult();
        for (var index = 0; index < 4; index++)
        {
            Assert.Equal((AttemptOutcome.Exited, 0), ((await agent.Server.EndAsync(index)).Outcome, (await agent.Server.EndAsync(index)).ExitCode));
        }

        Assert.Equal((1, 0), (_registry.Asked, _registry.Shown));
        Assert.Empty(Directory.GetFileSystemEntries(agent.Mark("logins")));
    }

    [Fact]
    public async Task WrongPassword_IsAFailedPullInTheWordsOfTheEngineAfterItsRetries()
    {
        await using var agent = await _node.StartAsync();

        agent.Server.Offer(Pull("wrong", "true", retries: 1));
        var end = await agent.Server.EndAsync();

        Assert.Equal(AttemptOutcome.ImagePullFailed, end.Outcome);
        Assert.Contains("could not be pulled in 2 tries", end.Reason, StringComparison.Ordinal);
        Assert.Contains("authentication required", end.Reason, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(agent.Server.Reports, report => report.Report.Outcome == AttemptOutcome.Running);
        Assert.Null(end.BeganMsAgo);
    }

    [Fact]
    public async Task TerminatedWhileItIsPulled_EndsThePull()
    {
        _registry.Gate = new TaskCompletionSource().Task;
        await using var agent = await _node.StartAsync();

        agent.Server.Offer(Pull(PrivateRegistry.Password, "true"));
        await Eventually.ReachAsync(() => _registry.Asked > 0, agent.Server.Describe);
        agent.Server.Terminate("job-00000001");
        var end = await agent.Server.EndAsync();

        Assert.Equal(AttemptOutcome.Terminated, end.Outcome);
        await Eventually.ReachAsync(() => Directory.GetFileSystemEntries(agent.Mark("logins")).Length == 0, () => "the login is there");
    }

    private RunSpec Pull(string password, string command, int retries = 0) => new()
    {
        Command = command,
        Docker = new() { Image = _registry.Image, User = PrivateRegistry.User, Password = password, MaxRetryCount = retries, DelayOnRetry = 0 },
    };
}
