using BatchPlane.LocalServices.Processes;

namespace BatchPlane.LocalServices.Tests;

public sealed class LocalServicesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task ServersOfADeadOwner_AreTakenOverWithTheirDataAndStoppedWithoutATrace()
    {
        var owner = await OwnerProcess.StartAsync(_directory.Path);
        await LocalPostgresTests.ExecuteAsync(owner.Postgres, "CREATE TABLE kept AS SELECT 11 AS answer");
        await LocalRabbitTests.PublishAsync(owner.Rabbit, "outlived its owner");
        await owner.KillAsync();
        Assert.True(Processes().Count >= 2, "The servers should outlive their owner.");
        var orphans = Processes().Select(ProcessIdentity.Of).OfType<ProcessIdentity>().ToList();

        await using var services = await LocalServices.StartAsync(
            new LocalServiceOptions { DataDirectory = _directory.Path }, progress: null, CancellationToken.None);

        Assert.DoesNotContain(orphans, orphan => orphan.IsRunning);
        Assert.Equal(owner.Rabbit, services.Rabbit.AmqpUri);
        Assert.Equal(11, await LocalPostgresTests.ExecuteAsync(services.Postgres.ConnectionString, "SELECT answer FROM kept"));
        Assert.Equal("outlived its owner", await LocalRabbitTests.GetAsync(services.Rabbit.AmqpUri));

        await services.DisposeAsync();
        Assert.Empty(Processes());
    }

    /// <summary>Everything that runs in a folder below the test's directory, whoever started it.</summary>
    private List<int> Processes() =>
        [.. ProcessTable.ReadAll()
            .Where(entry => !entry.IsZombie && RunsBelow(entry.ProcessId))
            .Select(entry => entry.ProcessId)];

    private bool RunsBelow(int processId)
    {
        try
        {
            return Directory.ResolveLinkTarget($"/proc/{processId}/cwd", returnFinalTarget: false)?.FullName
                .StartsWith(_directory.Path + "/", StringComparison.Ordinal) ?? false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
